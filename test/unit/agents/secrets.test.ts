/** What counts as a secret, and that no report ever shows one. The samples are put together at run time. */
import { expect, test } from 'vitest';
import { check, lines } from './audited-tree.ts';

const random = ['q7Rk2', 'vX9bT', '4mZp1', 'Ws8Lc'].join('');
const samples: Readonly<Record<string, string>> = {
  'private key': `${'-'.repeat(5)}BEGIN RSA ${'PRIVATE'} KEY${'-'.repeat(5)}`,
  'AWS access key id': ['AK', 'IA', 'IOSFODNN7', 'ABCDEFG'].join(''),
  'GitHub token': ['gh', 'p_', random, random].join(''),
  'Slack token': ['xo', 'xb-', random].join(''),
  'Stripe key': ['sk', '_live_', random].join(''),
  'npm token': ['np', 'm_', random, random.slice(0, 16)].join(''),
};

for (const [kind, sample] of Object.entries(samples)) {
  test(`a ${kind} is an error that shows nothing of it`, async () => {
    const report = await check('secrets', { 'a.txt': `first\nvalue ${sample} end\n` });
    expect(report.findings).toHaveLength(1);
    expect(lines(report)[0]).toMatch(new RegExp(`^error a.txt:2 ${kind}: \\[redacted, \\d+ characters\\]$`));
    expect(JSON.stringify(report)).not.toContain(sample.slice(0, 12));
  });
}

test('random values assigned to telling names and passwords in URLs are warnings', async () => {
  const report = await check('secrets', {
    'a.ts': `const config = { pass${'word'}: '${random}' };\n`,
    'b.env': `API_${'KEY'}=${random}\n`,
    'c.yml': `url: redis://user:${random.slice(0, 9)}@example.org:6379\n`,
  });
  expect(lines(report)).toEqual([
    'warning a.ts:1 assigned secret: [redacted, 22 characters]',
    'warning b.env:1 assigned secret: [redacted, 20 characters]',
    'warning c.yml:1 password in a URL: [redacted, 9 characters]',
  ]);
  expect(JSON.stringify(report)).not.toContain(random.slice(0, 9));
});

test('code, placeholders, types and lock files hold no secrets', async () => {
  const name = ['pass', 'word'].join('');
  const report = await check('secrets', {
    'a.ts': [
      `const ${name} = process.env.${name.toUpperCase()};`,
      `interface A { ${name}: string; token: AccessTokenOfTheUser }`,
      `const token = this.tokens.get(request.headers);`,
      `connect({ ${name}: 'changeme' }, { secret: '\${SECRET_VALUE_1}' });`,
      `const ${name} = 'correct horse battery';`,
    ].join('\n'),
    'b.md': `postgres://user:${name}@example.org and redis://:<${name}>@example.org, http://a.b:80/c@d\n`,
    'package-lock.json': `{ "token": "${random}" }\n`,
  });
  expect(lines(report)).toEqual([]);
});

test('a secret that another check quotes is redacted there too', async () => {
  const note = ['TO', 'DO'].join('');
  const report = await check('open-notes', {
    'a.sh': `# ${note}: drop token = "${random}" and ${samples['GitHub token']}\n`,
  });
  expect(lines(report)).toEqual([`info a.sh:1 ${note}: drop token = [redacted] and [redacted]`]);
});
