/** The certificate of a server that others reach: a given one, or one it makes itself, keeps, and explains. */
import { X509Certificate } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { hostname, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import type { Clock } from '../kernel/clock.ts'

export interface Certificate {
  readonly cert: string
  readonly key: string
  /** SHA-256, as browsers show it. */
  readonly fingerprint: string
  readonly isSelfMade: boolean
}

const GOOD_FOR_DAYS = 397
const RENEW_BEFORE_MS = 14 * 24 * 3_600_000

/** Reads a given certificate and its key. Throws in a sentence when they do not belong together or cannot be read. */
export async function givenCertificate(certFile: string, keyFile: string): Promise<Certificate> {
  const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')])
  const { createSecureContext } = await import('node:tls')
  try {
    createSecureContext({ cert, key })
  } catch (error) {
    throw new Error(`The certificate ${certFile} and the key ${keyFile} cannot be used together: ${(error as Error).message}.`, {
      cause: error,
    })
  }
  return { cert, key, fingerprint: new X509Certificate(cert).fingerprint256, isSelfMade: false }
}

/** The certificate in `directory`, for this machine's names and addresses; made anew when there is none, it runs out, or they changed. */
export async function ownCertificate(directory: string, clock: Clock): Promise<Certificate> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const [certFile, keyFile] = [join(directory, 'certificate.pem'), join(directory, 'key.pem')]
  const names = ownNames()
  const kept = await readFile(certFile, 'utf8').catch(absent)
  if (kept !== undefined && isGood(new X509Certificate(kept), names, clock)) {
    return { cert: kept, key: await readFile(keyFile, 'utf8'), fingerprint: new X509Certificate(kept).fingerprint256, isSelfMade: true }
  }
  const made = await make(names, clock)
  await writeFile(keyFile, made.private, { mode: 0o600 })
  await writeFile(certFile, made.cert, { mode: 0o644 })
  return { cert: made.cert, key: made.private, fingerprint: new X509Certificate(made.cert).fingerprint256, isSelfMade: true }
}

function make({ dns, ip }: Names, clock: Clock) {
  const notBeforeDate = new Date(clock.now() - 3_600_000)
  return generate([{ name: 'commonName', value: dns[0] ?? 'sardonyx' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate,
    notAfterDate: new Date(notBeforeDate.getTime() + GOOD_FOR_DAYS * 24 * 3_600_000),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [...dns.map((value) => ({ type: 2 as const, value })), ...ip.map((address) => ({ type: 7 as const, ip: address }))],
      },
    ],
  })
}

interface Names {
  readonly dns: readonly string[]
  readonly ip: readonly string[]
}

function ownNames(): Names {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  // Link-local addresses carry the name of an interface, which no certificate can hold.
  return { dns: [hostname(), 'localhost'], ip: addresses.map(({ address }) => address).filter((address) => !address.startsWith('fe80')) }
}

function isGood(certificate: X509Certificate, { dns, ip }: Names, clock: Clock): boolean {
  const covers =
    dns.every((name) => certificate.checkHost(name) !== undefined) && ip.every((address) => certificate.checkIP(address) !== undefined)
  return covers && Date.parse(certificate.validTo) - clock.now() > RENEW_BEFORE_MS
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
