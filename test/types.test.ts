/**
 * The type tests: files in test/types/ say with `@ts-expect-error` what must not compile, and by compiling what must.
 * `npm run types` reads them with everything else; here the compiler runs over them alone, so that `npm test` sees them.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { compileIn } from './docs/compile.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'types-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function compile(files: readonly string[]): string {
  const project = join(folder, 'tsconfig.json');
  const typeRoots = [join(root, 'node_modules', '@types')];
  writeFileSync(
    project,
    JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions: { typeRoots }, files, include: [] }),
  );
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { stdout, stderr } = spawnSync(process.execPath, [compiler, '--noEmit', '-p', project], { encoding: 'utf8' });
  return stdout + stderr;
}

test('what must compile compiles, and what must not compile does not', () => {
  const files = readdirSync(join(root, 'test', 'types')).map((name) => join(root, 'test', 'types', name));
  expect(files.length).toBeGreaterThan(0);
  expect(compile(files)).toBe('');
});

test('an expected error that is not there is reported', () => {
  const file = join(folder, 'wrong.mts');
  writeFileSync(file, '// @ts-expect-error: this compiles\nexport const a: number = 1;\n');
  expect(compile([file])).toContain('TS2578');
});

/** As the design has it: nothing says `override`. */
const statusHandler = `
import { Agent, type Message, onMessage } from 'agent-runtime';
export class AuditAgent extends Agent {
  @onMessage('status')    status(message: Message) { return { busy: this.busy }; }   // a returned value answers an ask
}
`;

test('a handler called status needs no override, unless the compiler is told to ask for one', async () => {
  const strict = { noImplicitOverride: true };
  const marked = statusHandler.replace('status(message', 'override status(message');
  expect(await compileIn(join(folder, 'usual'), { 'agent.ts': statusHandler })).toBe('');
  expect(await compileIn(join(folder, 'strict'), { 'agent.ts': statusHandler }, strict)).toContain('TS4114');
  expect(await compileIn(join(folder, 'marked'), { 'agent.ts': marked }, strict)).toBe('');
});
