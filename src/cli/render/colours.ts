/**
 * The few colours there are, by what they mean and not by their names.
 * An output that shows none removes them, so callers never ask.
 */
import { styleText } from 'node:util';

// styleText itself looks at the environment in newer versions of Node; here the output decides.
const always = { validateStream: false } as const;

export const good = (text: string): string => paint('green', text);
export const bad = (text: string): string => paint('red', text);
export const warning = (text: string): string => paint('yellow', text);
export const name = (text: string): string => paint('cyan', text);
export const faint = (text: string): string => paint('gray', text);
export const strong = (text: string): string => paint('bold', text);

function paint(style: 'green' | 'red' | 'yellow' | 'cyan' | 'gray' | 'bold', text: string): string {
  return (styleText as (style: string, text: string, options: typeof always) => string)(style, text, always);
}
