/** Where a connection string leads, read as the driver reads it, for the guard that never lets a call go there. */

/** Host and port of the database; the host is a path where it is reached by a unix socket. */
export function databasePlace(connectionString: string): { host: string; port: number } {
  const { hostname, port, searchParams } = new URL(connectionString)
  return {
    host: searchParams.get('host') || decodeURIComponent(hostname) || 'localhost',
    port: Number(searchParams.get('port') || port || 5432),
  }
}
