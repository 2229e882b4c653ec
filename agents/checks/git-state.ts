/**
 * The state of the repository: branch, uncommitted and untracked files, unpushed commits, the last commit.
 *
 * Not being a repository, a missing git and a repository that git refuses to trust are findings, not failures: an audit
 * of an unpacked archive is still an audit.
 */
import type { Check, Facts } from './check.ts';
import { Findings } from './findings.ts';
import { type Git, git as realGit } from './git.ts';

const REFUSALS = {
  missing: ['info', 'git is not installed here, the state of the repository is unknown'],
  'not a repository': ['warning', 'the folder is not in a git repository'],
  untrusted: ['warning', 'git does not trust this repository (another owner): see safe.directory'],
  failed: ['warning', 'git could not tell the state of the repository'],
} as const;

interface State {
  readonly branch: string;
  readonly upstream: string;
  readonly ahead: number;
  readonly behind: number;
  readonly changed: readonly string[];
  readonly untracked: readonly string[];
  readonly conflicts: readonly string[];
}

export function gitStateCheck(git: Git = realGit): Check {
  return {
    name: 'git-state',
    title: 'Repository state',
    async run(tree, signal) {
      const findings = new Findings();
      const status = ['status', '--porcelain=v2', '--branch', '-z', '--ignore-submodules=all', '--', '.'];
      const answer = await git(tree.root, status, signal);
      if (!answer.ok) {
        const [severity, message] = REFUSALS[answer.reason];
        findings.add(severity, message);
        return { findings, facts: { repository: answer.reason } };
      }
      const state = parseStatus(answer.output);
      judge(state, findings);
      const log = await git(tree.root, ['log', '-1', '--no-show-signature', '--format=%h %cI %s'], signal);
      const last = log.ok && log.output.trim() !== '' ? log.output.trim() : 'none';
      if (last === 'none') findings.add('warning', 'the branch has no commit yet');
      return { findings, facts: factsOf(state, last) };
    },
  };
}

function parseStatus(output: string): State {
  const heads = new Map<string, string>();
  const files: Record<'changed' | 'untracked' | 'conflicts', string[]> = { changed: [], untracked: [], conflicts: [] };
  const records = output.split('\0');
  for (let index = 0; index < records.length; index += 1) {
    const record = records[index] ?? '';
    const kind = record[0];
    if (kind === '#') {
      const [, name = '', ...rest] = record.split(' ');
      heads.set(name, rest.join(' '));
    } else if (kind === '1') files.changed.push(record.split(' ').slice(8).join(' '));
    else if (kind === '2') {
      files.changed.push(record.split(' ').slice(9).join(' '));
      // A rename is followed by its old name, in a record of its own.
      index += 1;
    } else if (kind === 'u') files.conflicts.push(record.split(' ').slice(10).join(' '));
    else if (kind === '?') files.untracked.push(record.slice(2));
  }
  const [ahead = 0, behind = 0] = (heads.get('branch.ab') ?? '').split(' ').map((part) => Math.abs(Number(part)));
  return {
    branch: heads.get('branch.head') ?? '',
    upstream: heads.get('branch.upstream') ?? '',
    ahead,
    behind,
    ...files,
  };
}

function judge(state: State, findings: Findings): void {
  for (const file of state.conflicts) findings.add('error', 'an unresolved merge conflict', shown(file));
  if (state.branch === '(detached)') findings.add('info', 'HEAD is detached');
  else if (state.upstream === '') findings.add('info', `the branch ${state.branch} has no upstream`);
  if (state.ahead > 0) findings.add('info', `${state.ahead} commits are not pushed to ${state.upstream}`);
  if (state.behind > 0) findings.add('info', `${state.behind} commits of ${state.upstream} are not here`);
  for (const file of state.changed) findings.add('warning', 'uncommitted change', shown(file));
  for (const file of state.untracked) findings.add('info', 'untracked', shown(file));
}

function factsOf(state: State, lastCommit: string): Facts {
  return {
    branch: state.branch,
    upstream: state.upstream === '' ? 'none' : state.upstream,
    'unpushed commits': state.ahead,
    'uncommitted changes': state.changed.length + state.conflicts.length,
    untracked: state.untracked.length,
    'last commit': lastCommit,
  };
}

function shown(file: string): string {
  return file.replace(/[\p{Cc}\p{Cf}]/gu, '?');
}
