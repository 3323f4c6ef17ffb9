/** The network that an address is of: what strangers are counted by. */
import ipaddr from 'ipaddr.js'

/** An IPv6 customer usually holds a whole /64; an IPv4 address is one, also when it is spelled as IPv6. What is no address stays as it is. */
export function networkOf(ip: string): string {
  if (!ipaddr.isValid(ip)) return ip
  const address = ipaddr.process(ip).toNormalizedString()
  return address.includes(':') ? address.split(':').slice(0, 4).join(':') : address
}
