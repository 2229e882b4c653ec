/**
 * Topic patterns, compiled once to a matcher.
 *
 * A pattern is an exact topic, free text included, or segments between dots, where `*` stands for one segment and a last
 * `**` for any rest, none included. Classic agents broadcast sentences such as `Task completed: task_1`; `**` hears them.
 */
export interface TopicPattern {
  readonly pattern: string;
  matches(topic: string): boolean;
}

/** The compiled pattern, or the rule it breaks as text. */
export function compileTopic(pattern: string): TopicPattern | string {
  if (!pattern.includes('*'))
    return pattern === '' ? 'a text that is not empty' : { pattern, matches: (topic) => topic === pattern };
  const segments = pattern.split('.');
  const open = segments.at(-1) === '**';
  const heads = open ? segments.slice(0, -1) : segments;
  if (heads.includes('**')) return 'a pattern with "**" at its end only';
  if (heads.some((segment) => segment === '' || (segment !== '*' && segment.includes('*'))))
    return 'segments between dots, each a text or "*"';
  return { pattern, matches: (topic) => matchesSegments(heads, open, topic) };
}

function matchesSegments(heads: readonly string[], open: boolean, topic: string): boolean {
  if (heads.length === 0) return open;
  const segments = topic.split('.');
  if (open ? segments.length < heads.length : segments.length !== heads.length) return false;
  return heads.every((head, index) => (head === '*' ? segments[index] !== '' : segments[index] === head));
}
