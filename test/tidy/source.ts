/**
 * What the tidy rules look at: a file as text and, for TypeScript and JavaScript, as a syntax tree; and what they answer
 * with: findings that name the place and the mend. Rules are pure, so that their teeth can be tested on planted text.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'oxc-parser';

/** A node of the syntax tree; rules read the few fields they need by name. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

export interface SourceFile {
  /** From the root of the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** All nodes of the tree in source order; empty for files that are not code. */
  readonly nodes: readonly Placed[];
}

/** A node with the nodes around it, innermost last. */
export interface Placed {
  readonly node: SyntaxNode;
  readonly parents: readonly SyntaxNode[];
}

export interface Finding {
  readonly file: string;
  readonly line: number;
  /** What is wrong and how to mend it. */
  readonly message: string;
}

export interface Rule {
  /** The rule as a sentence; it becomes the title of its test. */
  readonly title: string;
  /** Looks at all files at once and picks those it is about. */
  readonly check: (files: readonly SourceFile[]) => Finding[];
  /** Bad files, each of which alone the rule must report. */
  readonly planted: readonly (readonly [path: string, text: string])[];
}

export function sourceFile(path: string, text: string): SourceFile {
  return { path, text, nodes: /\.(ts|js)$/.test(path) ? parse(path, text) : [] };
}

/** Every file below the folders, by path. Folders that do not exist hold no files. */
export function readTree(root: string, folders: readonly string[]): SourceFile[] {
  return folders
    .flatMap((folder) => listFiles(root, folder))
    .sort()
    .map((path) => sourceFile(path, readFileSync(join(root, path), 'utf8')));
}

export function lineAt(file: SourceFile, offset: number): number {
  return file.text.slice(0, offset).split('\n').length;
}

export function lineCount(file: SourceFile): number {
  return file.text.replace(/\n$/, '').split('\n').length;
}

export function finding(file: SourceFile, offset: number, message: string): Finding {
  return { file: file.path, line: lineAt(file, offset), message };
}

/** Every node of `type` in the file, as findings with one message. */
export function findAll(file: SourceFile, type: string, message: string): Finding[] {
  return file.nodes.filter(({ node }) => node.type === type).map(({ node }) => finding(file, node.start, message));
}

export const inSource = (file: SourceFile): boolean => file.path.startsWith('src/') && file.path.endsWith('.ts');
export const inTests = (file: SourceFile): boolean => file.path.startsWith('test/') && file.path.endsWith('.ts');

/** The name of an identifier, or the text of a string literal. */
export function nameOf(value: unknown): string | undefined {
  if (!isNode(value)) return undefined;
  if (value.type === 'Identifier') return String(value.name);
  return value.type === 'Literal' && typeof value.value === 'string' ? value.value : undefined;
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function listFiles(root: string, folder: string): string[] {
  try {
    return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      return entry.isDirectory() ? listFiles(root, path) : [path];
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function parse(path: string, text: string): Placed[] {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`expected ${path} to parse, got: ${errors[0]?.message}`);
  const placed: Placed[] = [];
  const visit = (value: unknown, parents: readonly SyntaxNode[]): void => {
    if (Array.isArray(value)) return value.forEach((item) => visit(item, parents));
    if (!isNode(value)) return;
    placed.push({ node: value, parents });
    const inside = [...parents, value];
    for (const field of Object.values(value)) if (typeof field === 'object') visit(field, inside);
  };
  visit(program, []);
  return placed;
}
