import { isAway } from '@switchgear/client';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ServiceClock } from '../../service/clock.ts';
import { InvalidOrderError, ProblemError, TemporaryOrderError } from '../errors.ts';
import { type Language, text } from '../messages.ts';
import { fingerprintOf, type Order, OrderRequestSchema } from '../orders/order.ts';
import { placeOrder } from '../orders/place-order.ts';
import type { OrderKey, OrderRepository, PlaceOutcome } from '../orders/repository.ts';
import { languageOf } from '../request-language.ts';
import { parsed, says } from '../request-validation.ts';
import type { OrderAnswer, Telemetry } from '../telemetry.ts';
import { UserNotFoundError } from '../users/user-contract.ts';
import type { NameWanted, OrderableUser, Provenance, ShowableUser, UserDirectory } from '../users/user-directory.ts';

export interface OrderRoutesParts {
  readonly orders: OrderRepository;
  readonly directory: UserDirectory;
  readonly telemetry: Telemetry;
  readonly clock: ServiceClock;
  readonly newOrderId: () => string;
}

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,200}$/;
const ORDER_ID = /^[\x21-\x7e]{1,64}$/;

const ListQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^(?:[1-9]\d?|100)$/, says('field.limit'))
    .default('20')
    .transform(Number),
});

export function orderRoutes(app: FastifyInstance, parts: OrderRoutesParts): void {
  const { orders, directory, telemetry, clock, newOrderId } = parts;

  app.route({
    method: 'POST',
    url: '/orders',
    onResponse: async (_request, reply) => telemetry.orderAnswered(answerOf(reply.statusCode)),
    handler: async (request, reply) => {
      const idempotencyKey = idempotencyKeyOf(request);
      const wanted = parsed(OrderRequestSchema, request.body, 'body', languageOf(request));
      const key: OrderKey = { key: idempotencyKey, fingerprint: fingerprintOf(wanted) };
      // Asked before the user-service is: what is stored is stored, whoever is away by now.
      const outcome =
        (await orders.findByKey(key)) ??
        (await placeOrder(
          orders,
          await orderer(directory, wanted.userId),
          { id: newOrderId(), items: wanted.items, shippingAddress: wanted.shippingAddress, atMs: clock.wallNow() },
          key,
        ));
      const order = orderOf(outcome);
      if (outcome.kind === 'replayed') reply.header('idempotent-replayed', 'true');
      return reply
        .code(outcome.kind === 'placed' ? 201 : 200)
        .header('location', `/orders/${order.id}`)
        .send(showPlaced(order));
    },
  });

  app.get<{ Params: { readonly id: string } }>('/orders/:id', async (request) => {
    const { id } = request.params;
    const order = ORDER_ID.test(id) ? await orders.find(id) : undefined;
    if (order === undefined) throw new ProblemError({ kind: 'order-not-found', status: 404 });
    const user = await directory.forShow(nameWanted(order));
    telemetry.nameShown(user.provenance);
    return showOrder(order, showUser(user, languageOf(request)));
  });

  app.get('/orders', async (request) => {
    const language = languageOf(request);
    const { limit } = parsed(ListQuery, request.query, 'query', language);
    const newest = await orders.list(limit);
    const users = await directory.forShowAll(newest.map(nameWanted));
    return {
      orders: newest.map((order, place) => {
        const user = users[place] as ShowableUser;
        telemetry.nameShown(user.provenance);
        // Whoever looks through a list does not need to know where everybody lives.
        const { shippingAddress: _, ...summary } = showOrder(order, showUser(user, language));
        return summary;
      }),
    };
  });
}

function idempotencyKeyOf(request: FastifyRequest): string {
  const header = request.headers['idempotency-key'];
  if (header === undefined) throw new ProblemError({ kind: 'idempotency-key-missing', status: 400 });
  if (typeof header !== 'string' || !IDEMPOTENCY_KEY.test(header)) {
    throw new ProblemError({ kind: 'idempotency-key-malformed', status: 400 });
  }
  return header;
}

/** @throws InvalidOrderError when there is no such user, TemporaryOrderError when nobody can say. */
async function orderer(directory: UserDirectory, userId: number): Promise<OrderableUser> {
  try {
    return await directory.forOrder(userId);
  } catch (error) {
    if (error instanceof UserNotFoundError) throw new InvalidOrderError('unknown-user', error);
    if (isAway(error)) throw new TemporaryOrderError(error);
    throw error;
  }
}

function orderOf(outcome: PlaceOutcome): Order {
  if (outcome.kind === 'key-reused') throw new InvalidOrderError('idempotency-key-reused');
  return outcome.order;
}

function answerOf(status: number): OrderAnswer {
  if (status === 201) return 'placed';
  if (status === 200) return 'replayed';
  if (status < 500) return 'invalid';
  return status === 503 ? 'refused' : 'failed';
}

function nameWanted({ user }: Order): NameWanted {
  return { id: user.id, recorded: { name: user.name, knownAtMs: Date.parse(user.knownAt) } };
}

interface ShownUser {
  readonly id: number;
  readonly name: string;
  readonly provenance: Provenance;
  /** How old the name is, for one that is not live. */
  readonly ageMs?: number;
}

function showUser(shown: ShowableUser, language: Language): ShownUser {
  switch (shown.provenance) {
    case 'live':
      return { id: shown.user.id, name: shown.user.name, provenance: 'live' };
    case 'fresh':
      return { id: shown.user.id, name: shown.user.name, provenance: 'fresh', ageMs: Math.round(shown.ageMs) };
    case 'stale':
      return { id: shown.id, name: shown.name, provenance: 'stale', ageMs: Math.round(shown.ageMs) };
    case 'made-up': {
      const name = text(shown.reason === 'deleted' ? 'user-name.deleted' : 'user-name.made-up', language);
      return { id: shown.id, name, provenance: 'made-up' };
    }
  }
}

function showOrder({ id, items, shippingAddress, total, createdAt }: Order, user: ShownUser) {
  return { id, user, items, shippingAddress, total, createdAt };
}

/** The order as it was answered the first time, so that a repetition reads the same. */
function showPlaced(order: Order) {
  const { id, name, provenance, knownAt } = order.user;
  const ageMs = Date.parse(order.createdAt) - Date.parse(knownAt);
  return showOrder(order, { id, name, provenance, ...(provenance === 'fresh' && { ageMs }) });
}
