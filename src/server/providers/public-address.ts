/** Which IP addresses lie on the public internet. What is not known to be public is not: there is no list of bad ranges to forget one from. */
import ipaddr from 'ipaddr.js'

const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')
/** The host beneath a machine at Azure: it has a public address, and answers its own guests. */
const BENEATH_AZURE = '168.63.129.16'
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96')

/**
 * True only for an address that anybody on the internet could have: not private, loopback, link-local, shared, reserved,
 * multicast or documentation, nor an IPv6 form (mapped, NAT64, 6to4, Teredo) of one of these.
 */
export function isPublicAddress(text: string): boolean {
  // The URL parser writes the last 32 bits in hex; ipaddr.js would take `::8.8.8.8` for the mapped `::ffff:8.8.8.8`.
  const spelled = text.includes(':') ? URL.parse(`http://[${text}]`)?.hostname.slice(1, -1) : text
  if (spelled === undefined || !ipaddr.isValid(spelled)) return false
  const address = ipaddr.process(spelled)
  if (address instanceof ipaddr.IPv4) return address.range() === 'unicast' && address.toString() !== BENEATH_AZURE
  // Networks without IPv4 reach public IPv4 servers through NAT64, so there the address inside decides.
  if (address.match(NAT64)) return isPublicAddress(insideNat64(address).toString())
  return address.range() === 'unicast' && address.match(GLOBAL_UNICAST)
}

/** One spelling per place, so that equal places compare equal: IPv4 in IPv6, mapped or by NAT64, becomes IPv4. */
export function canonicalAddress(text: string): string {
  const address = ipaddr.process(text)
  return (address instanceof ipaddr.IPv6 && address.match(NAT64) ? insideNat64(address) : address).toNormalizedString()
}

const insideNat64 = (address: ipaddr.IPv6) => ipaddr.fromByteArray(address.toByteArray().slice(12))

/** True for a host that is this machine itself: `localhost`, a loopback address, or the unspecified one, which connects there as well. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1')
  if (!ipaddr.isValid(bare)) return bare === 'localhost' || bare.endsWith('.localhost')
  return ['loopback', 'unspecified'].includes(ipaddr.process(bare).range())
}
