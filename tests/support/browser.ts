/** Real Chromium for the journeys: it reports every request that leaves the server's origin, every script error, and what axe finds. */
import { existsSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

const CHROMIUM = process.env.SARDONYX_TEST_CHROMIUM ?? '/usr/bin/chromium'
const WEB = fileURLToPath(new URL('../../dist/web/index.html', import.meta.url))
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
/** Where pictures go; they are looked at, and not compared. */
const PICTURES = fileURLToPath(new URL('../.out/', import.meta.url))

const QUIET = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const LAUNCH = { executablePath: CHROMIUM, args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ...QUIET] }

/** Why journeys cannot run here; undefined when they can. In CI a missing part is a failure, so there it is never given. */
export const MISSING = process.env.CI !== undefined || (existsSync(CHROMIUM) && existsSync(WEB)) ? undefined : missing()

function missing(): string {
  return existsSync(CHROMIUM)
    ? 'the web interface is not built (npm run build)'
    : `there is no Chromium at ${CHROMIUM} (Debian: apt-get install chromium)`
}

/** Starts Chromium without any traffic of its own. */
export function startBrowser(...switches: string[]): Promise<Browser> {
  return chromium.launch({ ...LAUNCH, args: [...LAUNCH.args, ...switches] })
}

/** Starts Chromium on a profile that it finds again at its next start, as people’s own browsers do; close the context to close it. */
export function startKeepingBrowser(profile: string, origin: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, { ...LAUNCH, baseURL: origin, reducedMotion: 'reduce' })
}

export interface Visitor {
  readonly context: BrowserContext
  readonly page: Page
  /** Requests to other origins, script errors, refusals of the content security policy. Empty when all is well. */
  readonly complaints: string[]
}

/** A person's browser: cookies and storage of its own. */
export async function visit(
  browser: Browser,
  origin: string,
  options: { dark?: boolean; phone?: boolean; userAgent?: string } = {},
): Promise<Visitor> {
  const context = await browser.newContext({
    ...(options.userAgent && { userAgent: options.userAgent }),
    baseURL: origin,
    colorScheme: options.dark ? 'dark' : 'light',
    viewport: options.phone ? { width: 390, height: 844 } : { width: 1280, height: 820 },
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('request', (request) => {
    if (!request.url().startsWith(origin) && !/^(data|blob):/.test(request.url())) complaints.push(`left the origin: ${request.url()}`)
  })
  page.on('pageerror', (error) => complaints.push(`script error: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error' && /Content Security Policy|Refused to/i.test(message.text())) complaints.push(message.text())
  })
  return { context, page, complaints }
}

/** What axe finds on the page as it is, in short; empty when nothing. */
export async function axe(page: Page): Promise<string[]> {
  // Evaluated through the debugger, which the page's own policy does not bind.
  await page.evaluate(AXE)
  return page.evaluate(async () => {
    const { violations } = await (
      window as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { target: unknown[] }[] }[] }> } }
    ).axe.run()
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`)
  })
}

/** Keeps a picture of the page under tests/.out/. */
export async function picture(page: Page, name: string): Promise<void> {
  await mkdir(PICTURES, { recursive: true })
  await page.screenshot({ path: `${PICTURES}${name}.png` })
}
