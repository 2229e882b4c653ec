// Loader hooks for a user's TypeScript: those of tsx, which come up in the thread of the hooks while the process goes on. Whoever registers
// them waits for this file only; whoever imports something waits for them.
let tsx;
/** URLs of what tsx is made of: this thread imports it through these same hooks. */
const own = new Set([import.meta.url]);

export function initialize(data) {
  tsx = import('tsx/esm').then((hooks) => {
    hooks.initialize(data);
    return hooks;
  });
  tsx.catch(() => {}); // whoever imports something is told
}

export async function resolve(specifier, context, nextResolve) {
  if (!own.has(context.parentURL)) return (await tsx).resolve(specifier, context, nextResolve);
  const found = await nextResolve(specifier, context);
  own.add(found.url);
  return found;
}

export async function load(url, context, nextLoad) {
  return own.has(url) ? nextLoad(url, context) : (await tsx).load(url, context, nextLoad);
}
