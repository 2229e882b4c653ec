/**
 * Starting parts in order and stopping them in reverse.
 *
 * The node and the composition roots are lists of parts; this is the only place that knows what happens when one of them
 * fails to start: those already up are stopped again, and nothing is swallowed.
 */
export interface Part {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Hears of every part that has started, or stopped. Never throws. */
export type Told = (part: string) => void;

/** Starts `parts` in order. When one fails, stops those that were up, in reverse, and throws the failure. */
export async function startInOrder(parts: readonly Part[], onStarted: Told = () => {}): Promise<void> {
  for (const [index, part] of parts.entries()) {
    try {
      await part.start();
      onStarted(part.name);
    } catch (error) {
      await stopInReverse(parts.slice(0, index)).catch((stopError: unknown) => {
        throw new AggregateError(
          [error, stopError],
          `${part.name} failed to start, and stopping the others failed too`,
        );
      });
      throw error;
    }
  }
}

/** Stops every part in reverse order, even when one fails; then throws what failed. */
export async function stopInReverse(parts: readonly Part[], onStopped: Told = () => {}): Promise<void> {
  const failures: unknown[] = [];
  for (const part of [...parts].reverse()) {
    try {
      await part.stop();
      onStopped(part.name);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, `${failures.length} parts failed to stop`);
}
