/**
 * Who may import whom, as errors. The table is ARCHITECTURE.md's; a rule's comment is what a trespasser reads.
 * Parsed by @swc/core: without it, and with TypeScript 7, nothing would be read and everything would pass
 * (tests/tools/rules.test.ts plants a violation of each rule and sees it fail).
 */
'use strict'

/** What each folder of src/server may import besides itself, src/contract and npm packages. */
const LAYERS = {
  kernel: [],
  isolation: ['kernel'],
  providers: ['kernel'],
  mail: ['kernel'],
  auth: ['isolation', 'mail', 'kernel'],
  features: ['isolation', 'providers', 'kernel'],
  http: ['features', 'auth', 'isolation', 'kernel'],
  ops: ['features', 'auth', 'isolation', 'mail', 'providers', 'kernel'],
}

const TEST = '[.]test[.]tsx?$'
const COMPOSITION = '^src/server/[^/]+[.]ts$'

function layer([name, may]) {
  const reachable = [name, ...may].join('|')
  return {
    name: `layer-${name}`,
    comment: `src/server/${name} may import ${may.length === 0 ? 'nothing of ours but the contract' : `${may.join(', ')} and the contract`}.`,
    from: { path: `^src/server/${name}/`, pathNot: TEST },
    to: { path: '^(src|tests|tools|bench|bin)/', pathNot: [`^src/server/(${reachable})/`, '^src/contract/'] },
  }
}

/** Only the files that match `path` may import the packages or core modules that match `to`. */
function only(name, { path, to, comment, typesToo = true }) {
  return {
    name,
    comment,
    from: { path: '^src/', pathNot: [path, TEST] },
    to: { path: to, ...(typesToo ? {} : { dependencyTypesNot: ['type-only'] }) },
  }
}

const npm = (names) => `node_modules/(${names})/`
const core = (names) => `^(node:)?(${names})$`

const layers = [
  ...Object.entries(LAYERS).map(layer),
  {
    name: 'layer-contract',
    comment: 'The contract is what crosses the wire: it imports zod and itself.',
    from: { path: '^src/contract/', pathNot: TEST },
    to: { pathNot: ['^src/contract/', npm('zod')] },
  },
  {
    name: 'layer-web-and-cli',
    comment: 'Clients see only the contract, as any other client would.',
    from: { path: '^src/(web|cli)/', pathNot: TEST },
    to: { path: '^(src|tests|tools|bench|bin)/', pathNot: ['^src/$1/', '^src/contract/'] },
  },
  {
    name: 'web-layers',
    comment: 'The design system and the kernel know no feature: they import neither features nor the app.',
    from: { path: '^src/web/(ui|kernel)/', pathNot: TEST },
    to: { path: '^src/web/(features|app)/' },
  },
  {
    name: 'web-ui-knows-no-domain',
    comment: 'The design system has no domain words, so it has no use for the contract.',
    from: { path: '^src/web/ui/', pathNot: TEST },
    to: { path: '^src/contract/' },
  },
  {
    name: 'web-in-the-browser',
    comment: 'Nothing of Node exists in a browser.',
    from: { path: '^src/web/', pathNot: TEST },
    to: { dependencyTypes: ['core'] },
  },
  {
    name: 'feature-by-its-index',
    comment: 'A feature is reached through its index.ts; what the index does not export is nobody else’s business.',
    from: { path: '^src/server/(?:features/([^/]+)/|(?!features/))', pathNot: TEST },
    to: { path: '^src/server/features/[^/]+/', pathNot: ['^src/server/features/$1/', '^src/server/features/[^/]+/index[.]ts$'] },
  },
  {
    name: 'policy-is-pure',
    comment: 'A policy decides from its arguments: beyond types it imports the contract, the kernel and other policies only.',
    from: { path: '^src/server/features/.*policy[.]ts$' },
    to: { pathNot: ['^src/contract/', '^src/server/kernel/', 'policy[.]ts$'], dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'composition-root',
    comment: 'The files of src/server itself read the settings and put the parts together: they hand values down, nobody reaches up.',
    from: { path: '^src/', pathNot: [COMPOSITION, TEST] },
    to: { path: COMPOSITION, dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'nothing-imports-tests',
    comment: 'The product runs without its tests, tools and benchmarks.',
    from: { path: '^(src|bin)/', pathNot: TEST },
    to: { path: `^(tests|tools|bench)/|${TEST}` },
  },
]

const walls = [
  only('only-isolation-drives', {
    path: '^src/server/isolation/',
    to: npm('pg|pg-[^/]+|postgres|redis|@redis/[^/]+|ioredis|iovalkey|@aws-sdk/[^/]+|bullmq|graphile-worker'),
    comment: 'Drivers of the database, cache, queue and object storage live behind the walls: src/server/isolation only.',
  }),
  only('only-the-queue-queues', {
    path: '^src/server/isolation/queue[.]ts$',
    to: npm('pg-boss'),
    comment: 'Messages go in and out through src/server/isolation/queue.ts: they name a job and say nothing else.',
  }),
  only('only-auth-and-jobs-mint', {
    path: '^src/server/(auth|isolation)/',
    to: '^src/server/isolation/mint[.]ts$',
    comment: 'An Actor is minted from a session, a token or a job, never by a feature.',
  }),
  only('only-auth-and-ops-open-doors', {
    path: `^src/server/(auth|ops|isolation)/|${COMPOSITION}`,
    to: '^src/server/isolation/(doors|founding)[.]ts$',
    comment: 'What happens without an Actor happens in auth and ops, never in a feature: docs/topics/isolation.md lists the doors.',
  }),
  only('only-egress-connects', {
    path: '^src/server/(providers/egress|ops/embedded-postgres)[.]ts$',
    to: `${npm('undici|axios|got|node-fetch')}|${core('http2|net|dgram|dns|dns/promises')}`,
    comment: 'Every outbound call passes src/server/providers/egress.ts.',
    typesToo: false,
  }),
  only('only-http-serves-http', {
    path: '^src/server/(http/|providers/egress[.]ts$)',
    to: core('http|https|tls'),
    comment: 'Requests come in through src/server/http and go out through src/server/providers/egress.ts.',
    typesToo: false,
  }),
  only('only-providers-speak-to-vendors', {
    path: '^src/server/providers/',
    to: npm('@ai-sdk/(?!provider/)[^/]+'),
    comment: 'A model vendor’s client is made in src/server/providers, where it is given the guarded fetch.',
  }),
  only('only-mail-posts', {
    path: '^src/server/mail/',
    to: npm('nodemailer'),
    comment: 'Letters go out through src/server/mail, which knows where to.',
  }),
  only('only-oidc-asks-providers', {
    path: '^src/server/auth/oidc/',
    to: npm('openid-client|oauth4webapi|jose'),
    comment: 'What a sign-in provider says is read in src/server/auth/oidc, over the guarded fetch that is handed in.',
  }),
  only('only-ops-spawns', {
    path: '^src/(server/ops|cli)/',
    to: core('child_process|cluster'),
    comment: 'Programs are started by operator code only (src/server/ops).',
  }),
]

const hygiene = [
  {
    name: 'no-runtime-cycle',
    comment: 'Modules that need each other at run time are one module in two files.',
    from: {},
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
  },
  {
    name: 'no-orphan',
    comment: 'Nothing imports this file and it starts nothing: delete it.',
    from: {
      orphan: true,
      pathNot: [
        '[.]d[.]ts$',
        TEST,
        '^[^/]+[.]config[.]ts$',
        '^src/web/public/',
        '^src/server/main[.]ts$',
        '^src/web/app/main[.]tsx$',
        '^src/cli/main[.]ts$',
        '^(tests|tools|bench|bin)/',
      ],
    },
    to: {},
  },
  {
    name: 'resolvable',
    comment: 'This import leads nowhere.',
    from: {},
    to: { couldNotResolve: true, pathNot: '^virtual:' },
  },
  {
    name: 'declared-packages',
    comment: 'Import only what package.json names.',
    from: {},
    to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
  },
  {
    name: 'server-runs-on-dependencies',
    comment: 'The server is installed without devDependencies.',
    from: { path: '^src/(server|contract|cli)/', pathNot: TEST },
    to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
  },
]

module.exports = {
  forbidden: [...layers, ...walls, ...hygiene].map((rule) => ({ severity: 'error', ...rule })),
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.cjs', '.json', '.d.ts', '.css'],
    },
  },
}
