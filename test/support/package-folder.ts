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

const packages = fileURLToPath(new URL('../../node_modules', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'package-'));

symlinkSync(packages, join(folder, 'node_modules'));

export function setup(project: TestProject): void {
  process.env[runFolder] = folder;
  project.provide('packageFolder', folder);
}

export function teardown(): void {
  rmSync(folder, { recursive: true, force: true });
}
