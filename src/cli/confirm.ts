/**
 * Asking back before something that cannot be taken back: a question on the terminal, or `--yes`.
 *
 * Where nobody can be asked, `--yes` has to be there: a script says what it means.
 */
import { createInterface } from 'node:readline/promises';
import type { CliContext } from './context.ts';
import { UsageError } from './usage.ts';

/** True when it is to be done. Throws `UsageError` when nobody can be asked. */
export async function confirmed(
  { confirm }: CliContext,
  question: string,
  options: { readonly yes?: true },
): Promise<boolean> {
  if (options.yes) return true;
  if (confirm === undefined)
    throw new UsageError(`expected --yes where there is no terminal to ask on, got: none\n${question}`);
  return await confirm(`${question} [y/N] `);
}

/** Asks on a terminal; undefined where there is none. */
export function terminalConfirm({
  stdin,
  stdout,
}: NodeJS.Process): ((question: string) => Promise<boolean>) | undefined {
  if (!stdin.isTTY || !stdout.isTTY) return undefined;
  return async (question) => {
    const lines = createInterface({ input: stdin, output: stdout });
    try {
      return /^y(es)?$/i.test((await lines.question(question)).trim());
    } finally {
      lines.close();
    }
  };
}
