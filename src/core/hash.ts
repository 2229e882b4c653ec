/**
 * The hash by which things are spread: inboxes over shards, tasks over partitions, tags over the slots of a cluster.
 *
 * It stands alone because all processes of a fleet, in whatever language, have to agree on it.
 */

/** FNV-1a over UTF-16 code units, 32 bits. */
export function fnv(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
