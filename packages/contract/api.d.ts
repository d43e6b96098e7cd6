// The public face of @switchgear/contract, made by `npm run api`.

// ========== @switchgear/contract

// document/contract-error.d.ts
export declare class ContractError extends Error {
  readonly name = "ContractError";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]);
}

// generate-contract.d.ts
export interface GeneratedContract {
  readonly source: string;
  readonly notes: readonly string[];
}
export declare function generateContract(text: string, file: string): GeneratedContract;
