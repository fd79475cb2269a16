import eslint from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import { builtinModules } from 'node:module';
import tseslint from 'typescript-eslint';

const nodeGlobals = ['console', 'process', 'Buffer', 'URL', 'fetch', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'];

/** Each room, and the rooms it may import from. Every import between rooms that is missing here is an error (docs/architecture.md). */
const rooms = {
  'src/domain': [],
  'src/contract': ['src/domain'],
  'src/errors': ['src/domain'],
  'src/s3': [],
  'src/config': ['src/domain', 'src/errors', 'src/warehouses', 'src/destinations', 'src/staging', 'src/s3'],
  'src/warehouses': ['src/domain', 'src/contract', 'src/errors', 'src/s3'],
  'src/destinations': ['src/domain', 'src/contract', 'src/errors', 'src/s3'],
  'src/staging': ['src/domain', 'src/contract', 'src/errors', 'src/s3'],
  'src/client': ['src/domain', 'src/contract', 'src/errors', 'src/config'],
  'src/worker': [
    ...['src/domain', 'src/contract', 'src/errors', 'src/config', 'src/warehouses', 'src/destinations', 'src/staging'],
    ...['workflows', 'activities'],
  ],
  'src/devserver': ['src/domain', 'src/contract', 'src/errors'],
  'src/cli': ['src/domain', 'src/contract', 'src/errors', 'src/config', 'src/client', 'src/worker', 'src/devserver'],
  workflows: ['src/domain', 'src/contract', 'activities'],
  activities: ['src/domain', 'src/contract', 'src/errors', 'src/warehouses', 'src/destinations', 'src/staging'],
};
const roomNames = Object.keys(rooms);
const production = ['src/**/*.ts', 'workflows/**/*.ts', 'activities/**/*.ts'];

const roomZones = Object.entries(rooms).map(([room, known]) => ({
  target: room,
  from: [...roomNames.filter((other) => other !== room && !known.includes(other)), 'test', 'examples', 'scripts', 'bench'],
  message: `${room} may import from ${known.length === 0 ? 'no other room' : known.join(', ')} only.`,
}));

/** What of the adapter rooms is interface or policy, and so open to activities; all else there is one adapter or another. */
const adapterZones = [
  { from: 'src/warehouses', except: ['warehouse.ts'] },
  { from: 'src/destinations', except: ['batch.ts', 'destination.ts', 'deliver.ts', 'mapping.ts', 'pacer.ts', 'reason.ts'] },
  { from: 'src/staging', except: ['staging.ts', 'lines.ts', 'pages.ts', 'staged-records.ts'] },
].map((zone) => ({ ...zone, target: 'activities', message: 'Activities know the interfaces, never an adapter: take it from createActivities(deps).' }));

/** Workflows run in a sandbox that replays: whatever they import is bundled, so only what is deterministic may come in as a value. */
const workflowImports = {
  patterns: [
    { regex: '^(?!\\.|@temporalio/(workflow|common)$)', message: 'Workflows import @temporalio/workflow, @temporalio/common and their rooms only.' },
    { regex: '(^|/)activities/', allowTypeImports: true, message: 'Workflows import activity types only (import type).' },
  ],
};
/** The workflow bundle takes in these rooms, and it cannot hold Node built-ins. */
const bundledImports = {
  paths: builtinModules.map((name) => ({ name, message: 'This room is part of the workflow bundle, which has no Node built-ins.' })),
  patterns: [{ group: ['node:*'], message: 'This room is part of the workflow bundle, which has no Node built-ins.' }],
};
const domainImports = {
  paths: bundledImports.paths,
  patterns: [...bundledImports.patterns, { group: ['@temporalio/*'], message: 'Domain rules know no Temporal.' }],
};
const configImports = {
  patterns: [
    { regex: '/(warehouses|destinations|staging|s3)/', allowTypeImports: true, message: 'Config knows the adapters by their types only.' },
  ],
};

export default defineConfig(
  globalIgnores(['dist/', '**/.sluice/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  eslint.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    plugins: { 'import-x': importX },
    settings: {
      'import-x/extensions': ['.ts', '.js'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.js'], extensionAlias: { '.js': ['.ts', '.js'] } })],
    },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'import-x/no-cycle': 'error',
      'import-x/no-extraneous-dependencies': ['error', { packageDir: import.meta.dirname, includeTypes: true }],
      'import-x/no-restricted-paths': ['error', { basePath: import.meta.dirname, zones: [...roomZones, ...adapterZones] }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      // Numbers and booleans read well in messages, and cannot hide an object there.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // `onLine: (line) => log(line)` and `() => void promise` say what they do without braces.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true }],
      // What is only passed on, an abort's reason or a caught error, has no better type.
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingAny: true, allowThrowingUnknown: true }],
      // `[...text].length` counts characters, which is what the configuration limits are in.
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      // Libraries hand out some classes by their interface (Temporal's ConnectionLike), and the cast back is all there is.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // An interface and a type alias of an object mean the same; mapped and recursive types need the alias.
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/consistent-indexed-object-style': 'off',
      // An async method that awaits nothing yet still keeps its interface's promise, and turns a throw into a rejection.
      '@typescript-eslint/require-await': 'off',
    },
  },
  { files: ['**/*.ts'], ignores: ['src/cli/**', 'examples/**', 'scripts/**', 'bench/**', 'test/support/**'], rules: { 'no-console': 'error' } },
  {
    files: production,
    // The embedded PostgreSQL serves the demo and the tests, which run from a clone, where development dependencies are installed.
    ignores: ['src/devserver/**'],
    rules: { 'import-x/no-extraneous-dependencies': ['error', { packageDir: import.meta.dirname, includeTypes: true, devDependencies: false }] },
  },
  { files: ['workflows/**/*.ts'], rules: { '@typescript-eslint/no-restricted-imports': ['error', workflowImports] } },
  { files: ['src/domain/**/*.ts'], rules: { '@typescript-eslint/no-restricted-imports': ['error', domainImports] } },
  { files: ['src/contract/**/*.ts'], rules: { '@typescript-eslint/no-restricted-imports': ['error', bundledImports] } },
  { files: ['src/config/**/*.ts'], rules: { '@typescript-eslint/no-restricted-imports': ['error', configImports] } },
  {
    files: ['**/*.js', '**/*.mjs'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: Object.fromEntries(nodeGlobals.map((name) => [name, 'readonly'])) },
  },
);
