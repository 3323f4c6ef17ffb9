/** Addresses of whoever asks: as they are kept, and the network that one is of, by which strangers are counted. */
import ipaddr from 'ipaddr.js'

const NONE = '::'

/** An address in its usual spelling, without the zone of a link-local one or a port that a proxy added; `::` for what is none. */
export function plainAddress(text: string): string {
  const [, inBrackets, withPort] = /^(?:\[(.+)\]|([\d.]+)):\d+$/.exec(text) ?? []
  const address = (inBrackets ?? withPort ?? text).replace(/%.*/, '')
  return ipaddr.isValid(address) ? ipaddr.process(address).toString() : NONE
}

/** An IPv6 customer usually holds a whole /64; an IPv4 address is one, also when it is spelled as IPv6. What is no address is of one network. */
export function networkOf(ip: string): string {
  const address = ipaddr.parse(plainAddress(ip)).toNormalizedString()
  return address.includes(':') ? address.split(':').slice(0, 4).join(':') : address
}
