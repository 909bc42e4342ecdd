// Print transactions as they arrive: node producer/javascript/example.mjs [COUNT]
//
// TRANSACTION_API_URL is the API's address, TRANSACTION_API_KEY its key, if it requires one.
import { TransactionClient } from "./transactions.mjs";

const url = process.env.TRANSACTION_API_URL ?? "http://127.0.0.1:8000";
const client = new TransactionClient(url, { apiKey: process.env.TRANSACTION_API_KEY });
const wanted = Number(process.argv[2] ?? Infinity);

let seen = 0;
for await (const { transactions } of client.stream()) {
  for (const { transaction_id, account_id, transaction_amount_vnd } of transactions) {
    if (seen === wanted) process.exit(0);
    seen += 1;
    console.log(transaction_id, account_id, transaction_amount_vnd.toLocaleString("en"), "VND");
  }
}
