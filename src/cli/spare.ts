/**
 * A spare process of `runtime dev`: everything of the runtime is loaded, nothing of the user's, until it is told to go.
 *
 * Loading takes longer than a fleet takes to come up; this way it has happened before the change that wants it.
 */
import type { CliContext } from './context.ts';
import { registerTypeScript } from '../compose/typescript.ts';
import { loadClient } from '../redis/client.ts';

/** False: it was told to stop instead. */
export async function awaitGo({ channel }: CliContext): Promise<boolean> {
  registerTypeScript();
  loadClient();
  await import('../compose/start-fleet.ts'); // through the hooks of that loader, so that it has come up, too
  channel?.say({ kind: 'ready' });
  return new Promise((resolve) => {
    if (channel === undefined) resolve(true);
    channel?.listen((word) => resolve(word.kind === 'go'));
  });
}
