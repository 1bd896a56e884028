// Module hooks of plant.mjs.
const STORAGE = new URL('storage.mjs', import.meta.url).href;

export function resolve(specifier, context, next) {
  const isWanted = specifier === './storage/index.js' && context.parentURL?.endsWith('/dist/compose.js');
  return isWanted ? { url: STORAGE, format: 'module', shortCircuit: true } : next(specifier, context);
}
