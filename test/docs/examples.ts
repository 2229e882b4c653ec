/**
 * The `@example` blocks of the docstrings, each made into a module that the compiler can read.
 *
 * An example is a fragment: a class member, some statements, a file of its own. What it speaks of and does not declare (an
 * `AuditAgent`, a `fleet`) comes from a small world that all examples share.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './pages.ts';

export interface Example {
  /** Of the declaration that the docstring belongs to. */
  readonly name: string;
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

export function readExamples(): readonly Example[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .flatMap((name) => examplesIn(`src/${name}`));
}

function examplesIn(path: string): readonly Example[] {
  const source = readFileSync(join(root, path), 'utf8');
  return [...source.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*?@example[\s\S]*?)\*\/\s*([^\n]+)/g)].map(
    ([, comment, next]) => {
      const [, example = ''] = (comment ?? '').split('@example');
      const text = example.replace(/^ *\* ?/gm, '').trim();
      const name = /^(?:export |abstract |async |class |function |type )*(\w+)/.exec(next ?? '')?.[1] ?? '';
      return { name, path, text };
    },
  );
}

/** The example as a module; `./world.ts` must lie beside it. */
export function moduleOf({ text }: Example): string {
  const declared = [...text.matchAll(/\b(?:class|const) (\w+)/g)].map(([, name]) => name);
  const names = worldNames.filter((name) => !declared.includes(name));
  return `${library}\nimport { ${names.join(', ')} } from './world.ts';\n${wrapped(text)}\nexport {};\n`;
}

function wrapped(text: string): string {
  if (text.startsWith('export ')) return text;
  if (/^(?:@|async \w+\(|static )/.test(text)) return `class ExampleAgent extends Agent {\n${text}\n}`;
  if (text.includes('this.')) return `class ExampleAgent extends Agent {\nasync example() {\n${text}\n}\n}`;
  return `async function example() {\n${text}\n}`;
}

const library = `
import { Agent, connect, defineConfig, defineMessage, defineTask, group, type Down, onBroadcast, onDown, onMessage, onTask, pool, single, startFleet, task } from 'agent-runtime';
import type { Broadcast, Fleet, Handlers, Message, Task } from 'agent-runtime';
import { simulate } from 'agent-runtime/testing';
import { z } from 'zod';
`;

const worldNames = ['AuditInput', 'AuditReport', 'AuditAgent', 'DocsAgent', 'whoEdits', 'fleet', 'push'];

export const world = `${library}
export const AuditInput = z.object({ path: z.string() });
export const AuditReport = z.object({ findings: z.array(z.string()), score: z.number().default(0) });
export class AuditAgent extends Agent {
  @onTask('audit', AuditInput, AuditReport)
  audit(_task: Task<typeof AuditInput, typeof AuditReport>) {
    return { findings: [] };
  }
}
export class DocsAgent extends Agent {
  @onMessage('status')
  status(_message: Message) {}
}
export const whoEdits = defineMessage('who-edits', {
  data: z.object({ file: z.string() }),
  reply: z.object({ agent: z.string().nullable() }),
});
export declare const fleet: Fleet;
export declare function push(options: { fencing: number; signal: AbortSignal }): Promise<void>;
`;
