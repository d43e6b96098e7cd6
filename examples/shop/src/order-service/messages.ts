export const LANGUAGES = ['en', 'ko'] as const;
export type Language = (typeof LANGUAGES)[number];

/** What can be wrong, one per `code` of a problem answer. */
export const PROBLEM_KINDS = [
  'invalid-request',
  'idempotency-key-missing',
  'idempotency-key-malformed',
  'idempotency-key-reused',
  'unknown-user',
  'suspended-user',
  'total-too-large',
  'order-not-found',
  'route-not-found',
  'body-too-large',
  'unsupported-media-type',
  'too-late',
  'loopback-only',
  'user-service-away',
  'storage-unavailable',
  'not-ready',
  'internal',
] as const;
export type ProblemKind = (typeof PROBLEM_KINDS)[number];

type Sentences = Readonly<Record<Language, string>>;

/** Every sentence a person may read, in every language. */
const MESSAGES = {
  'invalid-request.title': { en: 'The request is not valid', ko: '요청이 올바르지 않습니다' },
  'invalid-request.detail': {
    en: 'The request could not be understood. See `errors` for the fields concerned.',
    ko: '요청을 이해할 수 없습니다. 해당 항목은 `errors`를 확인해주세요',
  },
  'idempotency-key-missing.title': { en: 'An idempotency key is required', ko: '멱등성 키가 필요합니다' },
  'idempotency-key-missing.detail': {
    en: 'Send an Idempotency-Key header, and the same one when you send this order again.',
    ko: 'Idempotency-Key 헤더를 보내주세요. 같은 주문을 다시 보낼 때는 같은 값을 사용해야 합니다',
  },
  'idempotency-key-malformed.title': { en: 'The idempotency key is not valid', ko: '멱등성 키가 올바르지 않습니다' },
  'idempotency-key-malformed.detail': {
    en: 'Idempotency-Key must be 1 to 200 visible ASCII characters, without spaces.',
    ko: 'Idempotency-Key는 공백 없이 화면에 보이는 ASCII 문자 1~200자여야 합니다',
  },
  'idempotency-key-reused.title': { en: 'The idempotency key was used before', ko: '이미 사용된 멱등성 키입니다' },
  'idempotency-key-reused.detail': {
    en: 'This Idempotency-Key belongs to an order with another content. Use a new key for a new order.',
    ko: '이 Idempotency-Key는 내용이 다른 주문에 사용되었습니다. 새 주문에는 새 키를 사용해주세요',
  },
  'unknown-user.title': { en: 'The order cannot be placed', ko: '주문할 수 없습니다' },
  'unknown-user.detail': { en: 'There is no such user.', ko: '존재하지 않는 사용자입니다' },
  'suspended-user.title': { en: 'The order cannot be placed', ko: '주문할 수 없습니다' },
  'suspended-user.detail': { en: 'This user is suspended.', ko: '이용이 정지된 사용자입니다' },
  'total-too-large.title': { en: 'The order cannot be placed', ko: '주문할 수 없습니다' },
  'total-too-large.detail': {
    en: 'The total is larger than one order may be.',
    ko: '주문 총액이 한 번에 주문할 수 있는 금액을 넘었습니다',
  },
  'order-not-found.title': { en: 'There is no such order', ko: '존재하지 않는 주문입니다' },
  'order-not-found.detail': { en: 'No order has this id.', ko: '해당 ID의 주문을 찾을 수 없습니다' },
  'route-not-found.title': { en: 'There is no such route', ko: '존재하지 않는 경로입니다' },
  'route-not-found.detail': {
    en: 'Nothing is served at this path with this method.',
    ko: '이 경로와 메서드로 제공되는 기능이 없습니다',
  },
  'body-too-large.title': { en: 'The request body is too large', ko: '요청 본문이 너무 큽니다' },
  'body-too-large.detail': {
    en: 'An order fits into 64 KiB, and no more than that is read.',
    ko: '요청 본문은 최대 64KiB까지 보낼 수 있습니다',
  },
  'unsupported-media-type.title': { en: 'The media type is not supported', ko: '지원하지 않는 미디어 타입입니다' },
  'unsupported-media-type.detail': {
    en: 'Send the body as application/json.',
    ko: '요청 본문은 application/json으로 보내주세요',
  },
  'too-late.title': { en: 'Too late', ko: '처리 시간이 지났습니다' },
  'too-late.detail': {
    en: 'The deadline of this request has passed, so nothing was done for it.',
    ko: '요청의 처리 기한이 지나 아무것도 처리하지 않았습니다',
  },
  'loopback-only.title': { en: 'Not from here', ko: '접근할 수 없습니다' },
  'loopback-only.detail': {
    en: 'This route answers the machine the service runs on, and no other.',
    ko: '서비스가 실행되는 컴퓨터에서만 접근할 수 있습니다',
  },
  'user-service-away.title': {
    en: 'Orders cannot be taken for the moment',
    ko: '일시적으로 주문을 처리할 수 없습니다',
  },
  'user-service-away.detail': {
    en: 'The order could not be processed for the moment. Please try again shortly.',
    ko: '일시적으로 주문을 처리할 수 없습니다. 잠시 후 다시 시도해주세요',
  },
  'storage-unavailable.title': {
    en: 'Orders cannot be reached for the moment',
    ko: '일시적으로 주문을 처리할 수 없습니다',
  },
  'storage-unavailable.detail': {
    en: 'The order store does not answer. The same request may be sent again shortly.',
    ko: '주문 저장소가 응답하지 않습니다. 잠시 후 같은 요청을 다시 보내주세요',
  },
  'not-ready.title': { en: 'Not ready', ko: '준비되지 않았습니다' },
  'not-ready.detail': {
    en: 'The service is stopping, or its database does not answer.',
    ko: '서비스가 종료 중이거나 데이터베이스가 응답하지 않습니다',
  },
  'internal.title': { en: 'The request failed', ko: '요청을 처리하지 못했습니다' },
  'internal.detail': {
    en: 'The fault is on our side and has been logged under the request id.',
    ko: '서버에서 오류가 발생했으며 요청 ID로 기록되었습니다',
  },
  'user-name.made-up': { en: 'Name not available', ko: '이름을 확인할 수 없는 사용자' },
  'user-name.deleted': { en: 'Deleted user', ko: '삭제된 사용자' },
  'field.user-id': { en: 'must be a positive integer', ko: '양의 정수여야 합니다' },
  'field.items': { en: 'must be a list of 1 to 100 items', ko: '1~100개의 상품 목록이어야 합니다' },
  'field.sku': {
    en: 'must be 1 to 64 letters, digits, dots, dashes or underscores',
    ko: '영문자, 숫자, 점, 하이픈, 밑줄 1~64자여야 합니다',
  },
  'field.quantity': { en: 'must be an integer from 1 to 10,000', ko: '1부터 10,000까지의 정수여야 합니다' },
  'field.unit-price': {
    en: 'must be an integer of minor units from 0 to 1,000,000,000',
    ko: '통화의 최소 단위로 0부터 1,000,000,000까지의 정수여야 합니다',
  },
  'field.line': { en: 'must be 1 to 200 characters on one line', ko: '줄바꿈 없이 1~200자여야 합니다' },
  'field.country': {
    en: 'must be a country code of two capital letters',
    ko: '영문 대문자 두 글자의 국가 코드여야 합니다',
  },
  'field.limit': { en: 'must be an integer from 1 to 100', ko: '1부터 100까지의 정수여야 합니다' },
  'field.object': { en: 'must be a JSON object', ko: 'JSON 객체여야 합니다' },
  'field.unknown': { en: 'is not a known field', ko: '알 수 없는 항목입니다' },
} as const satisfies Readonly<Record<`${ProblemKind}.title` | `${ProblemKind}.detail`, Sentences>> &
  Readonly<Record<string, Sentences>>;

export type MessageKey = keyof typeof MESSAGES;
export const MESSAGE_KEYS = Object.keys(MESSAGES) as readonly MessageKey[];

export function text(key: MessageKey, language: Language): string {
  return MESSAGES[key][language];
}

export function isMessageKey(key: string): key is MessageKey {
  return Object.hasOwn(MESSAGES, key);
}

/**
 * The language to answer in, by the `Accept-Language` header (RFC 9110 §12.5.4). `ko-KR` asks for Korean; the first of
 * two equally wanted languages wins; whoever asks for neither, or for nothing, reads English.
 */
export function languageFor(acceptLanguage: string | undefined): Language {
  const ranges = (acceptLanguage ?? '').split(',').flatMap(readRange);
  const anything = ranges.find((range) => range.primary === '*')?.quality ?? 0;
  const named = ranges.filter((range) => range.primary !== '*');
  let best: { readonly language: Language; readonly quality: number; readonly place: number } | undefined;
  for (const language of LANGUAGES) {
    const asked = named.filter((range) => range.primary === language);
    const quality = asked.length > 0 ? Math.max(...asked.map((range) => range.quality)) : anything;
    // A language that only the wildcard covers yields to one that is named.
    const place = asked.length > 0 ? named.findIndex((range) => range.primary === language) : named.length;
    if (quality === 0) continue;
    if (best === undefined || quality > best.quality || (quality === best.quality && place < best.place)) {
      best = { language, quality, place };
    }
  }
  return best?.language ?? 'en';
}

interface LanguageRange {
  readonly primary: string;
  readonly quality: number;
}

/** One range such as `ko-KR;q=0.8`. A malformed one is left out: a broken wish must not fail a good request. */
function readRange(raw: string): readonly LanguageRange[] {
  const [tag = '', ...parameters] = raw.split(';').map((part) => part.trim());
  if (!/^(?:\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)$/i.test(tag)) return [];
  let quality = 1;
  for (const parameter of parameters) {
    const given = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i.exec(parameter)?.[1];
    if (given === undefined) return [];
    quality = Number(given);
  }
  return [{ primary: tag.split('-')[0]?.toLowerCase() ?? tag, quality }];
}
