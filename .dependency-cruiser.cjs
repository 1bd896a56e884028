/**
 * Which layer may import which. The table is the one in docs/architecture.md; test/architecture/layers.test.ts
 * runs it over `src` and over a tree with a violation of every rule.
 *
 * Tests are free to import what they need, so no rule starts from one.
 */

const TEST = '\\.test\\.ts$';

/** A layer, as a path, and everything of ours that it may import besides itself. */
const LAYERS = {
  model: [],
  multiverse: ['model/'],
  ports: ['model/', 'multiverse/'],
  runtime: ['model/', 'multiverse/', 'ports/'],
  substrates: ['model/', 'ports/'],
  storage: ['model/', 'multiverse/', 'ports/'],
  system: ['model/', 'ports/'],
  contests: ['model/'],
  actions: ['model/', 'multiverse/', 'ports/', 'runtime/', 'contests/'],
  surfaces: ['model/', 'actions/', 'contests/'],
  conformance: ['model/', 'ports/'],
};

const layerRules = Object.entries(LAYERS).map(([layer, allowed]) => ({
  name: `layer-${layer}`,
  comment: `src/${layer} may import, of ours, only: ${[layer, ...allowed].join(' ')}`,
  severity: 'error',
  from: { path: `^src/${layer}/`, pathNot: TEST },
  to: { path: '^src/', pathNot: [layer, ...allowed].map((path) => `^src/${path.replace(/\/?$/, '/')}`) },
}));

module.exports = {
  forbidden: [
    ...layerRules,
    {
      name: 'known-layer',
      comment: 'every module belongs to a layer of the table, or is compose.ts or index.ts',
      severity: 'error',
      from: { path: '^src/', pathNot: TEST },
      to: {
        path: '^src/',
        pathNot: `^src/((${Object.keys(LAYERS).join('|')})/|compose\\.ts$|index\\.ts$)`,
      },
    },
    {
      name: 'substrates-are-strangers',
      comment: 'substrates never import each other',
      severity: 'error',
      from: { path: '^src/substrates/([^/]+)/', pathNot: TEST },
      to: { path: '^src/substrates/', pathNot: '^src/substrates/$1/' },
    },
    {
      name: 'client-knows-the-model-only',
      comment: 'the client is shipped to people who run no runtime; contests are calls of actions',
      severity: 'error',
      from: { path: '^src/surfaces/client/', pathNot: TEST },
      to: { path: '^src/', pathNot: ['^src/surfaces/client/', '^src/model/', '^src/contests/'] },
    },
    {
      name: 'only-compose-names-implementations',
      comment: 'everything else is handed the ports it uses',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/compose\\.ts$', '^src/(substrates|storage|system)/', TEST] },
      to: { path: '^src/(substrates|storage|system)/' },
    },
    {
      name: 'entry-imports-compose-and-client',
      comment: 'the public entry has no logic of its own',
      severity: 'error',
      from: { path: '^src/index\\.ts$' },
      to: { path: '^src/', pathNot: '^src/(compose\\.ts$|surfaces/client/|model/)' },
    },
    {
      name: 'core-does-no-io',
      comment:
        'runtime and multiverse reach the outside through ports; of Node they need hashes and assertions',
      severity: 'error',
      from: { path: '^src/(runtime|multiverse)/', pathNot: TEST },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|assert|assert/strict)$' },
    },
    {
      name: 'conformance-has-no-runner',
      comment: 'the suites are published and take the runner of whoever uses them',
      severity: 'error',
      from: { path: '^src/conformance/', pathNot: TEST },
      to: { path: ['^node_modules/(@?vitest|@?jest|mocha|ava|tap)/', '^(node:)?test$'] },
    },
    {
      name: 'no-import-of-tests',
      comment: 'a test is not a module',
      severity: 'error',
      from: {},
      to: { path: TEST },
    },
    {
      name: 'source-imports-no-test-folder',
      comment: 'what is published does not contain test/',
      severity: 'error',
      from: { path: '^src/', pathNot: TEST },
      to: { path: '^test/' },
    },
    {
      name: 'no-cycles',
      comment: 'of two modules that need each other one has a third inside',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolvable',
      comment: 'an import that leads nowhere would be invisible to all other rules',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^#' },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^dist/'] },
    // Imports of types are imports: the layers are about knowledge, not about loading.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
