/**
 * The plug-in for vitest, as Vite calls it: which files it lowers, and what comes out.
 */
import type { Plugin } from 'vite';
import { describe, expect, test } from 'vitest';
import { type AgentRuntimeOptions, agentRuntime } from '../../../src/vitest.ts';

type Result = { readonly code: string; readonly map: string } | undefined;

async function lowered(code: string, id: string, options?: AgentRuntimeOptions): Promise<Result> {
  const { transform }: Plugin = agentRuntime(options);
  return await (transform as unknown as (code: string, id: string) => Promise<Result>)(code, id);
}

const decorated = "class A {\n  @onTask('a') a(task: Task): void {}\n}";

describe('the plug-in', () => {
  test('lowers decorators and types, and maps what is left to its lines', async () => {
    const { code, map } = (await lowered(decorated, '/p/a.ts')) ?? expect.fail('it is lowered');
    expect(code).not.toMatch(/@onTask|: Task/);
    expect(JSON.parse(map)).toMatchObject({ sources: ['/p/a.ts'], sourcesContent: [decorated] });
  });

  test('finds decorators wherever they may stand', async () => {
    for (const code of ['@sealed class A {}', 'export @sealed class A {}', 'class A { b() {} @a() static c = 1; }'])
      expect((await lowered(code, '/p/a.js?v=1'))?.code ?? '@a', code).not.toMatch(/@(?:sealed|a|b)\b/);
  });

  test('leaves files without decorators alone, and those that are none of the user', async () => {
    const plain = [
      '/**\n * @param a what\n */\nexport const a = 1;',
      '// @ts-expect-error wrong\nf();',
      "import b from '@scope/b';\nconst mail = 'a@b.test';",
    ];
    for (const code of plain) expect(await lowered(code, '/p/a.ts'), code).toBeUndefined();
    for (const id of ['/p/a.css', '/p/a.json', '/p/node_modules/b/a.js'])
      expect(await lowered(decorated, id), id).toBeUndefined();
  });

  test('looks only at the files that it is told', async () => {
    expect(await lowered(decorated, '/p/agents/a.ts', { include: /agents/ })).toBeDefined();
    expect(await lowered(decorated, '/p/other/a.ts', { include: /agents/ })).toBeUndefined();
  });

  test('leaves JSX to whoever comes next', async () => {
    const code = 'class A { @a() b() { return <p>{this.c}</p>; } }';
    expect((await lowered(code, '/p/a.tsx'))?.code).toContain('<p>');
  });
});
