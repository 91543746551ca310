// What a PROXY header says: types. Source of all: https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt

/** An end of the connection that a proxy relays: an IP address and port, or the path of a local socket. */
export type ProxyEnd = { readonly address: string; readonly port: number } | { readonly path: string }

/** A type-length-value vector of version 2, as it came. */
export interface ProxyTlv {
  /** 0 to 255; 0xE0 to 0xEF are for applications. */
  readonly type: number
  readonly value: Buffer
}

/** What a proxy tells of the TLS of its client (PP2_TYPE_SSL). */
export interface ProxyTls {
  /** The client connected over TLS. */
  readonly isTls: boolean
  /** It gave a certificate over this connection, or at least once in the session that this connection belongs to. */
  readonly hasCertificate: boolean
  readonly hasSessionCertificate: boolean
  /** It gave a certificate, and that was found to be valid. */
  readonly isVerified: boolean
  /** Such as `TLSv1.3`. */
  readonly version?: string
  readonly cipher?: string
  /** The common name of the client's certificate. */
  readonly commonName?: string
  /** How the proxy's own certificate was signed, and what key it has: `SHA256`, `RSA2048`. */
  readonly signatureAlgorithm?: string
  readonly keyAlgorithm?: string
  /** All vectors inside, those above with them. */
  readonly tlvs: readonly ProxyTlv[]
}

/** A PROXY header that was received. */
export interface ProxyHeader {
  readonly version: 1 | 2
  /** `local`: the proxy speaks for itself (a health check), and the ends are the connection's own. */
  readonly command: 'proxy' | 'local'
  /** `unknown`: the proxy does not tell the ends; they are the connection's own. */
  readonly protocol: 'tcp4' | 'tcp6' | 'udp4' | 'udp6' | 'unix' | 'unix-datagram' | 'unknown'
  /** The client, and where it connected to; null where the header does not tell. */
  readonly source: ProxyEnd | null
  readonly destination: ProxyEnd | null
  /** All vectors in their order; of version 1 none. What follows is read from the first of each type. */
  readonly tlvs: readonly ProxyTlv[]
  /** The application's protocol, such as `h2` (ALPN, RFC 7301). */
  readonly alpn?: string
  /** The host name that the client asked for (SNI). */
  readonly authority?: string
  /** At most 128 bytes that name the connection across proxies. */
  readonly uniqueId?: Buffer
  readonly tls?: ProxyTls
  /** The network namespace. */
  readonly namespace?: string
  /** The header had a CRC32c checksum, and it was right; one with a wrong checksum is refused. */
  readonly hasChecksum: boolean
  /** The length of the header in bytes. */
  readonly byteLength: number
}

/** What `connect({ proxyHeader })` sends first. */
export interface ProxyHeaderInit {
  /** Default 2. Version 1 has no vectors, and tells local sockets as `UNKNOWN`. */
  readonly version?: 1 | 2 | undefined
  /** Default `proxy`. `local` tells no ends. */
  readonly command?: 'proxy' | 'local' | undefined
  /** The client, and where it connected to: both or none. IPv4 beside IPv6 is sent as IPv4-mapped. */
  readonly source?: ProxyEnd | undefined
  readonly destination?: ProxyEnd | undefined
  readonly alpn?: string | undefined
  readonly authority?: string | undefined
  /** At most 128 bytes. */
  readonly uniqueId?: Uint8Array | undefined
  readonly tls?: Partial<Omit<ProxyTls, 'tlvs'>> | undefined
  readonly namespace?: string | undefined
  /** More vectors, after those of the options above. */
  readonly tlvs?: readonly { readonly type: number; readonly value: Uint8Array }[] | undefined
  /** Adds a CRC32c checksum. Default false. */
  readonly checksum?: boolean | undefined
}

/** The types of vectors that have a meaning. */
export const tlvTypes = {
  alpn: 0x01,
  authority: 0x02,
  crc32c: 0x03,
  noop: 0x04,
  uniqueId: 0x05,
  tls: 0x20,
  tlsVersion: 0x21,
  tlsCommonName: 0x22,
  tlsCipher: 0x23,
  tlsSignatureAlgorithm: 0x24,
  tlsKeyAlgorithm: 0x25,
  namespace: 0x30,
} as const

/** Bits of the first byte of PP2_TYPE_SSL. */
export const tlsBits = { isTls: 1, hasCertificate: 2, hasSessionCertificate: 4 } as const

export const MOST_UNIQUE_ID = 128

/** A header that is none, in words that follow "the header". */
export interface HeaderProblem {
  readonly problem: string
}
