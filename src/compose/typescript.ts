/**
 * The loader for TypeScript (tsx), where a process or a thread of it imports a user's TypeScript.
 *
 * It takes long to come up, so it is registered when the first TypeScript file is imported and not before, and by hooks that let the
 * process go on meanwhile.
 */
import { register } from 'node:module';
import { codeFile, isSource } from '../core/code-folder.ts';

const registered = new Set<string>();

export function isTypeScript(path: string): boolean {
  return /\.m?ts$/.test(path);
}

/** A process whose own code is TypeScript has a loader already. */
export function registerTypeScript(): void {
  if (isSource || registered.has('tsx')) return;
  registered.add('tsx');
  register(codeFile('../bin/typescript-hooks.js'), { data: {} });
}
