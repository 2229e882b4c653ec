/**
 * Makes the trees that the tests of the checks audit, and runs one check over them.
 *
 * Every tree is a temporary directory of its own, removed when the test has ended.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { runCheck } from '../../../agents/checks/catalogue.ts';
import type { CheckReport } from '../../../agents/checks/check.ts';

export const signal: AbortSignal = new AbortController().signal;

export async function treeOf(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'audited-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  return root;
}

export async function check(name: string, files: Readonly<Record<string, string | Buffer>>): Promise<CheckReport> {
  return runCheck(name, await treeOf(files), { signal });
}

/** `severity file:line message` per finding, as short to read as to expect. */
export function lines(report: CheckReport): string[] {
  return report.findings.map(({ severity, file, line, message }) => {
    const place = [file, line].filter((part) => part !== undefined).join(':');
    return [severity, place, message].filter((part) => part !== '').join(' ');
  });
}
