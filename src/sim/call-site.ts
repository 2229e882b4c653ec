/**
 * The place in the user's source from which the machine was reached, by the stack of the call.
 *
 * Apart, since the traps that ask for it lie under different depths of other people's code: Node's own, packages, this folder.
 */
import { fileURLToPath } from 'node:url';
import { codeFile, isSource } from '../core/code-folder.ts';

/** Deep enough to get through a package or two. */
const frames = 40;
const own = fileURLToPath(codeFile(isSource ? 'sim/' : '.'));
const location = /(?:\(|^at (?:async )?)((?:file:\/\/)?(?:\/|[A-Za-z]:[\\/])[^()]*:\d+:\d+)\)?$/;

/** The code of Node that loads modules, and prints: what it does with files and pipes is no doing of the agent. */
const harmless = /node:internal\/(?:modules|console)\//;

/** File, line and column of the nearest code of the user; of a package when there is none; undefined when Node acts by itself. */
export function callSite(): string | undefined {
  const lines = stackLines();
  if (lines.some((line) => harmless.test(line))) return undefined;
  const places = lines.flatMap((line) => location.exec(line.trim())?.[1] ?? []).filter((place) => !isOwn(place));
  return places.find((place) => !place.includes('/node_modules/')) ?? places[0];
}

function stackLines(): readonly string[] {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = frames;
  const { stack = '' } = new Error('where');
  Error.stackTraceLimit = stackTraceLimit;
  return stack.split('\n').slice(1);
}

function isOwn(place: string): boolean {
  return place.replace(/^file:\/\//, '').startsWith(own);
}
