import { ApiDocument } from './document/api-document.ts';
import { Names } from './emit/names.ts';
import { bracketed } from './emit/source-text.ts';
import { ErrorClasses } from './operation/error-classes.ts';
import { readOperations } from './operation/read-operations.ts';
import { SchemaWriter } from './schema/schema-writer.ts';

/** A contract, made. */
export interface GeneratedContract {
  /** A module of TypeScript: zod schemas, domain errors, and `operations` for `createServiceClient`. */
  readonly source: string;
  /** What the document says and the module does not hold, a line each, with file, line and column. */
  readonly notes: readonly string[];
}

/**
 * Makes the operations of a client out of an OpenAPI 3.1 or 3.2 document, in YAML or JSON.
 * @param text The document.
 * @param file What it is called in messages and in the head of the module.
 * @throws ContractError if it is no such document, or holds what no operation can be made of.
 */
export function generateContract(text: string, file: string): GeneratedContract {
  const document = new ApiDocument(text, file);
  const names = new Names();
  const schemas = new SchemaWriter(document, names);
  const classes = new ErrorClasses(names);
  const { entries, makers } = readOperations(document, schemas, classes);

  const operations = `export const operations = ${`{\n${entries.map((each) => `${each},`).join('\n\n')}`.replaceAll('\n', '\n  ').replaceAll(/ +$/gm, '')}\n};`;
  const imported = [...(classes.declarations.length > 0 ? ['DomainError'] : []), ...[...makers].sort()];
  const head = [
    `// Made by switchgear-contract from ${file.replaceAll(/[\r\n\u2028\u2029]/g, ' ')}. Change that, and make this anew.`,
    `import ${bracketed('{', imported, '}')} from '@switchgear/client';`,
  ];
  const rest = [schemas.constants.join('\n\n'), classes.declarations.join('\n\n'), operations].filter(
    (part) => part !== '',
  );
  if (rest.some((part) => /\bz\./.test(part))) head.push("import * as z from 'zod';");
  return { source: `${head.join('\n')}\n\n${rest.join('\n\n')}\n`, notes: schemas.notes };
}
