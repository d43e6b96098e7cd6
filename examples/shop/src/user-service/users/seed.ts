import { seededRandom } from '@switchgear/policy/testing';
import type { UserRepository } from './repository.ts';
import type { User } from './user.ts';

interface NameParts {
  /** As written, and as it reads in an e-mail address. */
  readonly family: readonly (readonly [string, string])[];
  readonly given: readonly (readonly [string, string])[];
  readonly join: (family: string, given: string) => string;
}

const KOREAN: NameParts = {
  family: [
    ['김', 'kim'],
    ['이', 'lee'],
    ['박', 'park'],
    ['최', 'choi'],
    ['정', 'jung'],
    ['강', 'kang'],
    ['조', 'cho'],
    ['윤', 'yoon'],
    ['장', 'jang'],
    ['임', 'lim'],
  ],
  given: [
    ['민준', 'minjun'],
    ['서연', 'seoyeon'],
    ['도윤', 'doyun'],
    ['하은', 'haeun'],
    ['지호', 'jiho'],
    ['수아', 'sua'],
    ['예준', 'yejun'],
    ['지우', 'jiwoo'],
    ['현우', 'hyunwoo'],
    ['채원', 'chaewon'],
  ],
  join: (family, given) => `${family}${given}`,
};

const ENGLISH: NameParts = {
  family: ['Baker', 'Carter', 'Evans', 'Foster', 'Hughes', 'Mason', 'Parker', 'Reed', 'Turner', 'Walsh'].map(plain),
  given: ['Alice', 'Ben', 'Clara', 'Daniel', 'Emma', 'Frank', 'Grace', 'Henry', 'Iris', 'James'].map(plain),
  join: (family, given) => `${given} ${family}`,
};

/** The first seeded user joined here; each next one a minute later. */
const FIRST_JOINED_MS = Date.UTC(2024, 0, 1);
const MINUTE_MS = 60_000;
const SUSPENDED_RATIO = 0.02;

/** `count` users, the same ones for the same seed, with addresses in the reserved domain `example.test`. */
export function makeUsers(count: number, seed: number): readonly Omit<User, 'id'>[] {
  const random = seededRandom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  return Array.from({ length: count }, (_, index) => {
    const parts = random() < 0.6 ? KOREAN : ENGLISH;
    const [family, familyLatin] = pick(parts.family);
    const [given, givenLatin] = pick(parts.given);
    return {
      name: parts.join(family, given),
      email: `${givenLatin}.${familyLatin}.${index + 1}@example.test`,
      status: random() < SUSPENDED_RATIO ? 'suspended' : 'active',
      createdAt: new Date(FIRST_JOINED_MS + index * MINUTE_MS).toISOString(),
    };
  });
}

/** Fills an empty repository and leaves any other alone; answers how many users it stored. */
export function seedUsers(repository: UserRepository, count: number, seed: number): Promise<number> {
  return repository.insertIfEmpty(makeUsers(count, seed));
}

function plain(name: string): readonly [string, string] {
  return [name, name.toLowerCase()];
}
