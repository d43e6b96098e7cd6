import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSupportedNode, requireSupportedNode } from './node-version.ts';
import { OperatorError } from './operator-error.ts';

const VERSIONS: Readonly<Record<string, boolean>> = {
  '18.20.8': false,
  '20.19.0': false,
  '22.18.0': false,
  '22.19.0': true,
  '23.11.0': false,
  '24.0.0': true,
  '24.21.0': true,
  '25.2.0': false,
  '26.0.0': true,
  '27.1.0': true,
};

for (const [version, supported] of Object.entries(VERSIONS)) {
  test(`${supported ? 'runs on' : 'refuses'} Node ${version}`, () => {
    assert.equal(isSupportedNode(version), supported);
  });
}

test('names what was expected and what it got', () => {
  assert.throws(
    () => requireSupportedNode('20.19.0'),
    (error) =>
      error instanceof OperatorError &&
      error.message === 'Node: expected 22.19 or later of 22, any 24, or 26 and later, got 20.19.0',
  );
});
