import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const doors = ['index', 'node', 'media', 'testing', 'training'].map((door) =>
  resolve(root, `src/${door}.ts`),
);

const config = ts.parseJsonConfigFileContent(
  ts.readConfigFile(resolve(root, 'tsconfig.json'), (path) => readFileSync(path, 'utf8')).config,
  ts.sys,
  root,
);
const program = ts.createProgram(doors, { ...config.options, noEmit: true });
const checker = program.getTypeChecker();

function documented(symbol: ts.Symbol): boolean {
  return symbol.getDocumentationComment(checker).length > 0;
}

/** Members of a class or interface that its own declaration adds. */
function members(symbol: ts.Symbol): ts.Symbol[] {
  const isOpen = (member: ts.Symbol): boolean => {
    const [declaration] = member.declarations ?? [];
    if (declaration === undefined) return false;
    if (
      ts.canHaveModifiers(declaration) &&
      ts.isClassElement(declaration) &&
      declaration.name &&
      ts.isPrivateIdentifier(declaration.name)
    )
      return false;
    const flags = ts.getCombinedModifierFlags(declaration);
    return !(flags & ts.ModifierFlags.Private) && !ts.isConstructorDeclaration(declaration);
  };
  return [...(symbol.members?.values() ?? [])]
    .filter((member) => !/^(__|#)/.test(member.name))
    .filter(isOpen);
}

test.each(doors)('%s documents everything that it exports', (door) => {
  const module = checker.getSymbolAtLocation(program.getSourceFile(door)!)!;
  const undocumented = checker.getExportsOfModule(module).flatMap((exported) => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const own = documented(symbol) ? [] : [symbol.name];
    return [
      ...own,
      ...members(symbol)
        .filter((member) => !documented(member) && !isEvident(member))
        .map((member) => `${symbol.name}.${member.name}`),
    ];
  });
  expect(undocumented).toEqual([]);
});

/** Fields whose name says all. */
function isEvident(member: ts.Symbol): boolean {
  return ['type', 'kind', 'name', 'label', 'code', 'message', 'contract', 'prototype'].includes(member.name);
}
