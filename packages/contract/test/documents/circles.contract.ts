// Made by switchgear-contract from circles.yaml. Change that, and make this anew.
import { get, post } from '@switchgear/client';
import * as z from 'zod';

export const Tree = z.object({
  name: z.string(),
  get children() {
    return z.array(Tree);
  },
});
export type Tree = z.infer<typeof Tree>;

export const Value: z.ZodType<unknown> = z.xor([
  z.nullable(z.union([z.string(), z.number(), z.boolean()])),
  z.array(z.lazy((): z.ZodType<unknown> => Value)),
  z.record(z.string(), z.lazy((): z.ZodType<unknown> => Value)),
]);
export type Value = z.infer<typeof Value>;

export const Company = z.object({
  get staff() {
    return z.array(Person);
  },
});
export type Company = z.infer<typeof Company>;

export const Person = z.object({
  name: z.string(),
  get friends() {
    return z.optional(z.array(Person));
  },
  employer: Company.optional(),
});
export type Person = z.infer<typeof Person>;

export const operations = {
  sendTree: post('/trees', { body: Tree, response: Value }),

  getPeople: get('/people', { response: Person }),
};
