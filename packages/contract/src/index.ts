export { ContractError } from './document/contract-error.ts';
export { type GeneratedContract, generateContract } from './generate-contract.ts';
