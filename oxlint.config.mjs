/**
 * The lint rules. JavaScript and not JSON, because the layers of `src/` are a table from which the import rules are made.
 *
 * `test/tidy.test.ts` holds the same house rules where lint cannot see (Lua, tests, sizes of ports); two guards, one house.
 */

/** Lowest first; folders on one line never import each other. */
const layers = [
  ['core'],
  ['agent', 'broker', 'config'],
  ['redis', 'memory'],
  ['client'],
  ['runtime'],
  ['compose'],
  ['sim'],
  ['replay'],
  ['cli', 'dashboard', 'bridge'],
];
/** The brokers, by name, are the composition roots' affair. */
const brokers = ['redis', 'memory'];
const roots = ['compose', 'cli', 'sim', 'replay'];

/** Banned everywhere but in the one file that touches real time and chance. */
const bannedModules = [
  {
    name: 'node:timers',
    message: 'Use clock.setTimer.',
  },
  {
    name: 'timers',
    message: 'Use clock.setTimer.',
  },
  {
    name: 'node:timers/promises',
    message: 'Use sleep(clock, ...) of core/clock.ts.',
  },
  {
    name: 'timers/promises',
    message: 'Use sleep(clock, ...) of core/clock.ts.',
  },
  {
    name: 'node:perf_hooks',
    message: 'Use clock.monotonic().',
  },
  {
    name: 'node:crypto',
    importNames: ['randomUUID', 'randomBytes', 'randomInt', 'getRandomValues'],
    message: 'Use random.fraction() or random.id().',
  },
  {
    name: 'node:worker_threads',
    importNames: ['MessageChannel'],
    message: 'Use clock.endOfTick.',
  },
];

/** Folders that `folder`, on line `line` of the layers, must not import. */
function outOfReach(folder, line) {
  const above = layers.slice(line).flat();
  const hidden = roots.includes(folder) ? [] : brokers;
  return [...new Set([...above, ...hidden])].filter((other) => other !== folder);
}

const layerRules = layers.flatMap((folders, line) =>
  folders.map((folder) => ({
    files: [`src/${folder}/**/*.ts`],
    rules: {
      'eslint/no-restricted-imports': [
        'error',
        {
          ...(folder !== 'core' && { paths: bannedModules }),
          patterns: outOfReach(folder, line).map((other) => ({
            group: [`**/${other}/*`],
            message: `Imports point down only: ${folder}/ does not know ${other}/ (docs/architecture.md).`,
          })),
        },
      ],
    },
  })),
);

export default {
  plugins: ['eslint', 'typescript', 'unicorn', 'oxc', 'import'],
  categories: {
    correctness: 'error',
  },
  options: {
    typeAware: true,
  },
  ignorePatterns: ['dist', 'report', 'coverage', '.runtime'],
  rules: {
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': [
      'error',
      {
        checksVoidReturn: false,
      },
    ],
    'typescript/await-thenable': 'error',
    'typescript/consistent-type-imports': 'error',
    'typescript/no-namespace': 'error',
    'typescript/parameter-properties': 'error',
    'typescript/prefer-literal-enum-member': 'off',
    'eslint/no-unused-vars': [
      'error',
      {
        argsIgnorePattern: '^_',
        varsIgnorePattern: '^_',
      },
    ],
  },
  overrides: [
    {
      files: ['src/**/*.ts', 'agents/**/*.ts', 'examples/**/*.ts', 'test/**/*.ts', 'scripts/**/*.js', 'bin/**/*.js'],
      excludeFiles: ['**/*.config.ts'],
      rules: {
        'import/no-default-export': 'error',
      },
    },
    {
      files: ['src/**/*.ts'],
      rules: {
        'typescript/no-explicit-any': 'error',
        'eslint/max-lines': [
          'error',
          {
            max: 300,
          },
        ],
        'eslint/max-lines-per-function': [
          'error',
          {
            max: 60,
          },
        ],
      },
    },
    {
      files: ['src/**/*.ts'],
      excludeFiles: ['src/core/system.ts'],
      rules: {
        'eslint/no-restricted-globals': [
          'error',
          {
            name: 'setTimeout',
            message: 'Use clock.setTimer or sleep(clock, ...) of core/clock.ts.',
          },
          {
            name: 'setInterval',
            message: 'Use a clock.setTimer that sets itself again.',
          },
          {
            name: 'setImmediate',
            message: 'Use clock.endOfTick.',
          },
          {
            name: 'queueMicrotask',
            message: 'Use clock.endOfTick.',
          },
          {
            name: 'MessageChannel',
            message: 'Use clock.endOfTick.',
          },
          {
            name: 'performance',
            message: 'Use clock.monotonic().',
          },
        ],
        'eslint/no-restricted-properties': [
          'error',
          {
            object: 'Date',
            property: 'now',
            message: 'Use clock.now().',
          },
          {
            object: 'performance',
            property: 'now',
            message: 'Use clock.monotonic().',
          },
          {
            object: 'process',
            property: 'hrtime',
            message: 'Use clock.monotonic().',
          },
          {
            object: 'process',
            property: 'nextTick',
            message: 'Use clock.endOfTick.',
          },
          {
            object: 'globalThis',
            property: 'setTimeout',
            message: 'Use sleep(clock, ...) of core/clock.ts.',
          },
          {
            object: 'Math',
            property: 'random',
            message: 'Use random.fraction() or random.id().',
          },
          {
            object: 'crypto',
            property: 'randomUUID',
            message: 'Use random.id().',
          },
          {
            object: 'crypto',
            property: 'randomBytes',
            message: 'Use random.fraction() or random.id().',
          },
          {
            object: 'crypto',
            property: 'getRandomValues',
            message: 'Use random.fraction() or random.id().',
          },
          {
            object: 'AbortSignal',
            property: 'timeout',
            message: 'Use a deadline of the clock.',
          },
        ],
      },
    },
    ...layerRules,
  ],
};
