/**
 * The private Redis as most clients want it: host and port.
 */
export function connectionOf(url) {
  const { hostname: host, port } = new URL(url);
  return { host, port: Number(port) };
}
