/**
 * The loader for TypeScript (tsx), where a process or a thread of it imports a user's TypeScript.
 *
 * It takes half a second to come up, so it is registered when the first TypeScript file is imported and not before.
 */
const registered = new Set<string>();

export function isTypeScript(path: string): boolean {
  return /\.m?ts$/.test(path);
}

/** A process whose own code is TypeScript has a loader already. */
export async function registerTypeScript(): Promise<void> {
  if (import.meta.url.endsWith('.ts') || registered.has('tsx')) return;
  registered.add('tsx');
  const { register } = await import('tsx/esm/api');
  register();
}
