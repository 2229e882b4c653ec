/**
 * The folder of the package for this run of the tests: but for the packages that it finds, empty until a test asks for it (see package.ts and
 * entry.ts), gone when the run ends.
 */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { runFolder } from './entry.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    packageFolder: string;
  }
}

/** Of this process, in which every project of vitest has this module anew: they share the folder. */
const here = globalThis as { testRunFolder?: string };
const folder = (here.testRunFolder ??= emptyFolder());

function emptyFolder(): string {
  const made = mkdtempSync(join(tmpdir(), 'package-'));
  symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(made, 'node_modules'));
  return made;
}

export function setup(project: TestProject): void {
  process.env[runFolder] = folder;
  project.provide('packageFolder', folder);
}

export function teardown(): void {
  rmSync(folder, { recursive: true, force: true });
}
