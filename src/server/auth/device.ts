/** What a request says of the device it comes from, in words that its person recognises. Anybody may write anything there: it proves nothing. */

export interface Device {
  readonly ip: string
  readonly userAgent: string | null
}

/** The first that matches names it: browsers say of themselves that they are others, too. */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdgA?\/|\bEdgiOS\//, 'Edge'],
  [/\bOPR\/|\bOPT\//, 'Opera'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/\bHeadlessChrome\/|\bChrome\/|\bCriOS\/|\bChromium\//, 'Chrome'],
  [/\bVersion\/.*\bSafari\//, 'Safari'],
  [/^curl\//, 'curl'],
  [/^Wget\//, 'Wget'],
  [/^python|^aiohttp/i, 'Python'],
  [/^node\b|^undici/i, 'Node.js'],
]
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMacintosh\b|\bMac OS X\b/, 'Mac'],
  [/\bLinux\b|\bX11\b/, 'Linux'],
]

const UNKNOWN = 'Unknown device'
/** Browsers name themselves within it. Of sixteen thousand characters one of the patterns would take long. */
const LONGEST = 400

/** Such as “Firefox on Linux”; “Unknown device” where nothing is known. */
export function deviceName(userAgent: string | null): string {
  const text = userAgent?.slice(0, LONGEST) ?? ''
  const nameIn = (names: typeof BROWSERS) => names.find(([pattern]) => pattern.test(text))?.[1]
  const [browser, system] = [nameIn(BROWSERS), nameIn(SYSTEMS)]
  return browser && system ? `${browser} on ${system}` : (browser ?? system ?? UNKNOWN)
}
