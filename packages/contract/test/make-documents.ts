import { globSync } from 'node:fs';
import { runCommand } from '../src/command.ts';

// node --conditions=@switchgear/source packages/contract/test/make-documents.ts, where the generator has changed.
for (const file of globSync(`${import.meta.dirname}/documents/*.yaml`)) {
  const out = file.replace(/\.yaml$/, '.contract.ts');
  runCommand([file, '--out', out], { out() {}, err: (text) => process.stderr.write(text) });
}
