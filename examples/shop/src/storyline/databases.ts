import type { Order } from '../order-service/orders/order.ts';
import type { OrderRepository } from '../order-service/orders/repository.ts';
import type { UserRepository } from '../user-service/users/repository.ts';

/** Where the two services keep what they know: files, or one PostgreSQL server. */
export interface Databases {
  readonly orderFile: string;
  readonly userFile: string;
  /** PostgreSQL, for whichever is set. */
  readonly orderUrl: string | undefined;
  readonly userUrl: string | undefined;
}

/** Reads what is really stored, past the services: their own words are what is being checked. */
export async function readStored(
  databases: Databases,
  limit: number,
): Promise<{ orders: readonly Order[]; users: Set<number> }> {
  const orderRepository = await openOrders(databases);
  const userRepository = await openUsers(databases);
  try {
    const orders = await orderRepository.list(limit);
    const users = new Set<number>();
    for (const id of new Set(orders.map((order) => order.user.id))) {
      if ((await userRepository.find(id)) !== undefined) users.add(id);
    }
    return { orders, users };
  } finally {
    await orderRepository.close();
    await userRepository.close();
  }
}

async function openOrders({ orderUrl, orderFile }: Databases): Promise<OrderRepository> {
  if (orderUrl === undefined) {
    const { openSqliteOrderRepository } = await import('../order-service/orders/sqlite-order-repository.ts');
    return openSqliteOrderRepository(orderFile);
  }
  const { openPostgresOrderRepository } = await import('../order-service/orders/postgres-order-repository.ts');
  return openPostgresOrderRepository(orderUrl, () => {});
}

async function openUsers({ userUrl, userFile }: Databases): Promise<UserRepository> {
  if (userUrl === undefined) {
    const { openSqliteUserRepository } = await import('../user-service/users/sqlite-user-repository.ts');
    return openSqliteUserRepository(userFile);
  }
  const { openPostgresUserRepository } = await import('../user-service/users/postgres-user-repository.ts');
  return openPostgresUserRepository(userUrl, () => {});
}
