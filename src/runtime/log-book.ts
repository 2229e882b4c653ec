/**
 * The agents' logs: to the observer at once, and to the broker for people who look in from elsewhere.
 *
 * Lines leave redacted and bounded; one that cannot be kept is reported, and never holds up the agent.
 */
import type { AgentLog } from '../agent/context.ts';
import type { LogEntry, LogPort } from '../broker/logs.ts';
import { Post } from '../client/post.ts';
import type { Clock } from '../core/clock.ts';
import { redact } from '../core/errors.ts';
import { type LogLevel, observe, type Observer } from '../core/observer.ts';

export interface LogBookDeps {
  readonly clock: Clock;
  readonly observer: Observer;
  readonly logs: LogPort;
}

/** Characters of one line that are kept. */
const longestLine = 2_000;

export class LogBook {
  readonly #deps: LogBookDeps;
  readonly #post: Post<LogEntry>;

  constructor(deps: LogBookDeps) {
    this.#deps = deps;
    this.#post = new Post({ ...deps, what: 'keeping log lines', deliver: (entries) => deps.logs.append(entries) });
  }

  /** The log of one agent. */
  logOf(agent: string): AgentLog {
    const at = (level: LogLevel) => (message: string, data?: unknown) => this.#write(agent, level, message, data);
    return { info: at('info'), warn: at('warn'), error: at('error') };
  }

  /** Resolves when what was logged has been kept, or reported as lost. */
  flush(): Promise<void> {
    return this.#post.flush();
  }

  #write(agent: string, level: LogLevel, message: string, data: unknown): void {
    const { clock, observer } = this.#deps;
    observe(observer, 'log', { agent, level, message: redact(message), ...(data !== undefined && { data }) });
    const line = data === undefined ? message : `${message} ${asText(data)}`;
    this.#post.send({ agent, level, message: redact(line).slice(0, longestLine), at: clock.now() });
  }
}

function asText(data: unknown): string {
  try {
    return JSON.stringify(data) ?? String(data);
  } catch {
    return String(data);
  }
}
