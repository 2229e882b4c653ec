/**
 * Shows a file name that is only bytes on disk as text that is safe to print.
 *
 * Names may hold newlines, terminal escapes, bytes that are no UTF-8 and characters that reverse the reading
 * direction. Those are shown as `\xNN` or `\u{N}`; every other name is shown as it is.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

export function showName(name: Buffer): string {
  const text = name.toString('utf8');
  if (Buffer.compare(Buffer.from(text, 'utf8'), name) !== 0) return showBytes(name);
  return text.replace(UNSAFE, (character) => showCharacter(character.codePointAt(0) ?? 0));
}

function showCharacter(code: number): string {
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}

function showBytes(name: Buffer): string {
  let shown = '';
  for (const byte of name) shown += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : showCharacter(byte);
  return shown;
}
