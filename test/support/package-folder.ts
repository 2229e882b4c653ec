/**
 * The folder of the package for this run of the tests: empty until a test asks for it (see package.ts), gone when the run ends.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    packageFolder: string;
  }
}

const folder = mkdtempSync(join(tmpdir(), 'package-'));

export function setup(project: TestProject): void {
  project.provide('packageFolder', folder);
}

export function teardown(): void {
  rmSync(folder, { recursive: true, force: true });
}
