/**
 * The loader for TypeScript (tsx), where a process or a thread of it imports a user's TypeScript.
 *
 * It takes half a second to come up, so it is registered when the first TypeScript file is imported and not before.
 */
import { register } from 'node:module';
import { isSource } from '../core/code-folder.ts';

const registered = new Set<string>();

export function isTypeScript(path: string): boolean {
  return /\.m?ts$/.test(path);
}

/** A process whose own code is TypeScript has a loader already. */
export async function registerTypeScript(): Promise<void> {
  if (isSource || registered.has('tsx')) return;
  registered.add('tsx');
  register('tsx/esm', import.meta.url, { data: {} });
}
