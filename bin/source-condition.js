// Loader hook of a checkout: `import 'agent-runtime'` means `src/`, through the `source` condition of package.json. Set
// for this one package instead of `node --conditions=source`, which would reach into every dependency.
export function resolve(specifier, context, nextResolve) {
  const own = specifier === 'agent-runtime' || specifier.startsWith('agent-runtime/');
  return nextResolve(specifier, own ? { ...context, conditions: [...context.conditions, 'source'] } : context);
}
