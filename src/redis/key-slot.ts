/**
 * The slot of a key in a Redis Cluster: CRC-16/XMODEM of its hash tag, or of the whole key, modulo 16,384 (Redis Cluster
 * specification, "Key distribution model"). It stands alone because everything that finds a master agrees on it.
 */
const slots = 16_384;

export function slotOf(key: string): number {
  const open = key.indexOf('{');
  const close = key.indexOf('}', open + 1);
  const isTagged = open >= 0 && close > open + 1;
  let crc = 0;
  for (const byte of Buffer.from(isTagged ? key.slice(open + 1, close) : key)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
    crc &= 0xffff;
  }
  return crc % slots;
}
