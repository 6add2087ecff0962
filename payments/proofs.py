"""Proves the promises about money (P4, P6) on the rows themselves, whatever code, triggers and constraints say.

Each check reads in plain SQL on the connection it is given, so that the caller can put all of them into one snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, Protocol

from accounts.evidence import CheckResult
from payments.freezing import FrozenHead, FrozenLine, sha256_of

# More than these are counted and not listed.
LONGEST_LIST = 50


class Connection(Protocol):
    """A Django database connection, or anything else whose cursor executes SQL."""

    def cursor(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Check:
    """`examined` counts the rows; `violations` gives one text for each row that should not be there."""

    sentence: str
    promise: str
    examined: str
    violations: str


CHECKS = [
    Check(
        "Books balance to zero per network and currency.",
        "P4",
        "SELECT count(*) FROM payments_transfer",
        """
        SELECT format('network %s, %s: %s', account.network_id, account.currency, sum(side.minor))
        FROM (SELECT credit_id AS account_id, amount_minor AS minor FROM payments_transfer
                  WHERE stage IN ('single', 'post')
              UNION ALL
              SELECT debit_id, -amount_minor FROM payments_transfer WHERE stage IN ('single', 'post')) side
        JOIN payments_ledgeraccount account ON account.id = side.account_id
        GROUP BY account.network_id, account.currency HAVING sum(side.minor) <> 0
        """,
    ),
    Check(
        "Wallets and fleets have what their transfers say, and nobody is beyond their limit.",
        "P4",
        "SELECT count(*) FROM payments_accountlimit",
        """
        SELECT format('account %s: balance %s, held %s, by its transfers %s and %s',
                      limits.account_id, limits.balance_minor, limits.held_minor, sums.balance, sums.held)
        FROM payments_accountlimit limits CROSS JOIN LATERAL (
            SELECT (SELECT coalesce(sum(amount_minor), 0) FROM payments_transfer
                    WHERE credit_id = limits.account_id AND stage IN ('single', 'post'))
                 - (SELECT coalesce(sum(amount_minor), 0) FROM payments_transfer
                    WHERE debit_id = limits.account_id AND stage IN ('single', 'post')) AS balance,
                   (SELECT coalesce(sum(amount_minor), 0) FROM payments_transfer hold
                    WHERE debit_id = limits.account_id AND stage = 'pending'
                      AND NOT EXISTS (SELECT 1 FROM payments_transfer WHERE pending_id = hold.id)) AS held
        ) sums
        WHERE limits.balance_minor <> sums.balance OR limits.held_minor <> sums.held
           OR sums.balance + limits.credit_limit_minor < sums.held
        """,
    ),
    Check(
        "A hold is resolved once, and for no more than it held.",
        "P4",
        "SELECT count(*) FROM payments_transfer WHERE stage = 'pending'",
        """
        SELECT format('hold %s: resolved %s times, %s of %s',
                      hold.key, count(*), sum(done.amount_minor), hold.amount_minor)
        FROM payments_transfer hold JOIN payments_transfer done ON done.pending_id = hold.id
        GROUP BY hold.id, hold.key, hold.amount_minor
        HAVING count(*) > 1 OR sum(done.amount_minor) > hold.amount_minor
        """,
    ),
    Check(
        "No money is kept without a finished swap.",
        "P4",
        "SELECT count(*) FROM payments_transfer WHERE kind IN ('capture', 'collect', 'write_off')",
        """
        SELECT format('payment %s: %s of %s without a sale', payment.reference, transfer.kind, transfer.amount_minor)
        FROM payments_transfer transfer
        JOIN payments_payment payment ON payment.id = transfer.payment_id
        LEFT JOIN payments_sale sale ON sale.payment_id = payment.id
        WHERE transfer.kind IN ('capture', 'collect', 'write_off') AND sale.id IS NULL
        """,
    ),
    Check(
        "Payments have captured and refunded what the ledger says, and no more than the swap came to.",
        "P4",
        "SELECT count(*) FROM payments_payment",
        """
        SELECT format('payment %s: captured %s, refunded %s, by the ledger %s and %s', payment.reference,
                      payment.captured_minor, payment.refunded_minor, sums.captured, sums.refunded)
        FROM payments_payment payment
        LEFT JOIN payments_sale sale ON sale.payment_id = payment.id
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(amount_minor) FILTER (WHERE kind IN ('capture', 'collect')), 0) AS captured,
                   coalesce(sum(amount_minor) FILTER (WHERE kind = 'refund'), 0) AS refunded
            FROM payments_transfer WHERE payment_id = payment.id AND stage IN ('single', 'post')
        ) sums
        WHERE payment.captured_minor <> sums.captured OR payment.refunded_minor <> sums.refunded
           OR sums.refunded > sums.captured OR sums.captured > coalesce(sale.gross_minor, 0)
        """,
    ),
    Check(
        "A finished swap is paid, on account, on its way, or on the list of the owed.",
        "P4",
        "SELECT count(*) FROM payments_sale",
        """
        SELECT format('sale %s: payment %s with %s of %s',
                      sale.reference, payment.state, payment.captured_minor, sale.gross_minor)
        FROM payments_sale sale JOIN payments_payment payment ON payment.id = sale.payment_id
        WHERE NOT coalesce(
            (payment.state = 'captured' AND payment.captured_minor = sale.gross_minor AND sale.paid_at IS NOT NULL)
            OR (payment.state = 'written_off' AND sale.paid_at IS NOT NULL)
            OR (payment.state = 'owed' AND payment.captured_minor < sale.gross_minor)
            OR (payment.state = 'capturing' AND EXISTS (
                SELECT 1 FROM payments_paymentoperation
                WHERE payment_id = payment.id AND state IN ('planned', 'calling', 'unknown'))), false)
           OR payment.reference <> sale.reference
        """,
    ),
    Check(
        "What is released or refused was not captured, and what is over holds nothing.",
        "P4",
        "SELECT count(*) FROM payments_payment WHERE state IN ('released', 'refused', 'captured', 'written_off')",
        """
        SELECT format('payment %s is %s and has a %s of %s',
                      payment.reference, payment.state, transfer.kind, transfer.amount_minor)
        FROM payments_payment payment JOIN payments_transfer transfer ON transfer.payment_id = payment.id
        WHERE (payment.state IN ('released', 'refused') AND transfer.kind IN ('capture', 'collect', 'write_off'))
           OR (payment.state IN ('released', 'refused', 'captured', 'written_off') AND transfer.stage = 'pending'
               AND NOT EXISTS (SELECT 1 FROM payments_transfer WHERE pending_id = transfer.id))
        """,
    ),
    Check(
        "A paid swap gave its tax aside and its net to the parties, or holds it in suspense.",
        "P4",
        "SELECT count(*) FROM payments_sale WHERE paid_at IS NOT NULL",
        """
        SELECT format('sale %s: tax %s of %s, %s in suspense', sale.reference, sums.tax, sale.tax_minor, sums.waiting)
        FROM payments_sale sale CROSS JOIN LATERAL (
            SELECT coalesce(sum(transfer.amount_minor) FILTER (WHERE transfer.kind = 'tax'), 0) AS tax,
                   coalesce(sum(CASE WHEN credit.kind = 'suspense' THEN transfer.amount_minor ELSE 0 END), 0)
                 - coalesce(sum(CASE WHEN debit.kind = 'suspense' THEN transfer.amount_minor ELSE 0 END), 0) AS waiting
            FROM payments_transfer transfer
            JOIN payments_ledgeraccount debit ON debit.id = transfer.debit_id
            JOIN payments_ledgeraccount credit ON credit.id = transfer.credit_id
            WHERE transfer.sale_id = sale.id AND transfer.stage IN ('single', 'post')
        ) sums
        WHERE sale.paid_at IS NOT NULL AND (
            sums.tax <> sale.tax_minor
            OR sums.waiting < 0 OR sums.waiting > sale.net_minor
            OR (sale.split_at IS NOT NULL AND sums.waiting <> 0))
        """,
    ),
    Check(
        "A difference after a failed station was borne once, by whom its contract says, and went to the parties.",
        "P4",
        "SELECT count(*) FROM payments_difference",
        """
        SELECT format('sale %s, difference of %s: %s postings, %s borne, %s given on, %s stands, %s by somebody else',
                      sale.reference, difference.amount_minor, sums.postings, sums.borne, sums.given, stands.minor,
                      sums.others)
        FROM payments_difference difference
        JOIN payments_sale sale ON sale.id = difference.sale_id
        JOIN payments_payment payment ON payment.id = sale.payment_id
        LEFT JOIN payments_contract contract ON contract.id = difference.contract_id
        JOIN accounts_organisation failed ON failed.id = difference.failed_owner_id
        CROSS JOIN LATERAL (
            SELECT CASE WHEN difference.settled_at IS NULL THEN 0
                        WHEN sale.gross_minor = 0 THEN difference.amount_minor
                        ELSE (2 * difference.amount_minor * (sale.gross_minor - payment.refunded_minor)
                              + sale.gross_minor) / (2 * sale.gross_minor) END AS minor
        ) stands
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE transfer.kind = 'difference') AS postings,
                   coalesce(sum(CASE transfer.kind WHEN 'difference' THEN transfer.amount_minor
                                WHEN 'difference_back' THEN -transfer.amount_minor END), 0) AS borne,
                   coalesce(sum(CASE transfer.kind WHEN 'compensation' THEN transfer.amount_minor
                                WHEN 'compensation_back' THEN -transfer.amount_minor END), 0) AS given,
                   count(*) FILTER (WHERE CASE
                       WHEN transfer.kind NOT IN ('difference', 'difference_back') THEN false
                       WHEN contract.difference_bearer = 'operator' OR failed.is_operator
                           THEN bearer.kind <> 'operator'
                       ELSE bearer.kind <> 'payable' OR bearer.organisation_id <> failed.id END) AS others
            FROM payments_transfer transfer
            JOIN payments_ledgeraccount bearer ON bearer.id = CASE transfer.kind
                WHEN 'difference' THEN transfer.debit_id ELSE transfer.credit_id END
            WHERE transfer.sale_id = sale.id AND transfer.stage IN ('single', 'post')
        ) sums
        WHERE sums.borne <> stands.minor OR sums.given <> sums.borne OR sums.others > 0
           OR sums.postings > CASE WHEN difference.settled_at IS NULL THEN 0 ELSE 1 END
        """,
    ),
    Check(
        "Nothing is borne or compensated for a swap without a difference.",
        "P4",
        "SELECT count(*) FROM payments_transfer WHERE kind IN ('difference', 'compensation')",
        """
        SELECT format('transfer %s of %s', transfer.key, transfer.amount_minor) FROM payments_transfer transfer
        WHERE transfer.kind IN ('difference', 'compensation', 'difference_back', 'compensation_back')
          AND NOT EXISTS (SELECT FROM payments_difference difference WHERE difference.sale_id = transfer.sale_id)
        """,
    ),
    Check(
        "Statements come to the sum of their lines.",
        "P4",
        "SELECT count(*) FROM payments_statement",
        """
        SELECT format('statement %s: total %s of %s lines, its lines come to %s in %s',
                      statement.id, statement.total_minor, statement.line_count, sums.total, sums.lines)
        FROM payments_statement statement CROSS JOIN LATERAL (
            SELECT coalesce(sum(amount_minor), 0) AS total, count(*) AS lines
            FROM payments_statementline WHERE statement_id = statement.id
        ) sums
        WHERE statement.total_minor <> sums.total OR statement.line_count <> sums.lines
        """,
    ),
    Check(
        "Each line is a posted transfer of the statement's party and currency, with its sign, and on one statement.",
        "P4",
        "SELECT count(*) FROM payments_statementline",
        """
        SELECT format('line %s of statement %s: %s for transfer %s of %s',
                      line.id, line.statement_id, line.amount_minor, transfer.key, transfer.amount_minor)
        FROM payments_statementline line
        JOIN payments_statement statement ON statement.id = line.statement_id
        JOIN payments_transfer transfer ON transfer.id = line.transfer_id
        JOIN payments_ledgeraccount debit ON debit.id = transfer.debit_id
        JOIN payments_ledgeraccount credit ON credit.id = transfer.credit_id
        WHERE transfer.stage NOT IN ('single', 'post') OR transfer.kind = 'settlement'
           OR transfer.currency <> statement.currency OR transfer.network_id <> statement.network_id
           OR line.amount_minor <> transfer.amount_minor
              * (CASE WHEN credit.organisation_id = statement.party_id THEN 1 ELSE 0 END
                 - CASE WHEN debit.organisation_id = statement.party_id THEN 1 ELSE 0 END)
           OR (SELECT count(*) FROM payments_statementline other WHERE other.transfer_id = line.transfer_id) > 1
        """,
    ),
    Check(
        "A statement beyond its proposal was approved by another person.",
        "P4",
        "SELECT count(*) FROM payments_statement WHERE state NOT IN ('open', 'proposed')",
        """
        SELECT format('statement %s is %s, proposed by %s, approved by %s', id, state, proposed_by_id, approved_by_id)
        FROM payments_statement
        WHERE state NOT IN ('open', 'proposed')
          AND (approved_by_id IS NULL OR proposed_by_id IS NULL OR approved_by_id = proposed_by_id)
        """,
    ),
    Check(
        "A paid statement was settled in the ledger, and no other was.",
        "P4",
        "SELECT count(*) FROM payments_statement WHERE state IN ('paid', 'closed')",
        """
        SELECT format('statement %s is %s: %s settled of %s',
                      statement.id, statement.state, sums.settled, statement.total_minor)
        FROM payments_statement statement CROSS JOIN LATERAL (
            SELECT coalesce(sum(CASE WHEN debit.organisation_id = statement.party_id THEN transfer.amount_minor
                                     ELSE -transfer.amount_minor END), 0) AS settled
            FROM payments_transfer transfer JOIN payments_ledgeraccount debit ON debit.id = transfer.debit_id
            WHERE transfer.statement_id = statement.id AND transfer.kind = 'settlement'
        ) sums
        WHERE sums.settled <> CASE WHEN statement.state IN ('paid', 'closed') THEN statement.total_minor ELSE 0 END
        """,
    ),
    Check(
        "A payment that waits for an answer has an operation under way, or its refusal is on the list.",
        "P6",
        "SELECT count(*) FROM payments_payment WHERE state IN ('authorising', 'capturing', 'releasing')",
        """
        SELECT format('payment %s is %s and nothing is under way', reference, state) FROM payments_payment payment
        WHERE state IN ('authorising', 'capturing', 'releasing') AND NOT EXISTS (
            SELECT 1 FROM payments_paymentoperation
            WHERE payment_id = payment.id
              AND (state IN ('planned', 'calling', 'unknown') OR (kind = 'release' AND state = 'refused')))
        """,
    ),
    Check(
        "Every operation under way has a time at which it is due, or waits for a person.",
        "P6",
        "SELECT count(*) FROM payments_paymentoperation WHERE state IN ('planned', 'calling', 'unknown')",
        """
        SELECT format('operation %s is %s', key, state) FROM payments_paymentoperation
        WHERE state IN ('planned', 'calling', 'unknown') AND due_at IS NULL AND NOT needs_person
        """,
    ),
    Check(
        "An operation that succeeded is in the ledger once, and one that did not is not.",
        "P4",
        "SELECT count(*) FROM payments_paymentoperation WHERE kind IN ('collect', 'refund', 'top_up', 'pay_out')",
        """
        SELECT format('operation %s is %s: %s postings', operation.key, operation.state, sums.postings)
        FROM payments_paymentoperation operation CROSS JOIN LATERAL (
            SELECT count(*) AS postings FROM payments_transfer WHERE key = operation.key
        ) sums
        WHERE operation.kind IN ('collect', 'refund', 'top_up', 'pay_out') AND sums.postings <>
            CASE WHEN operation.state = 'succeeded' AND operation.amount_minor > 0 THEN 1 ELSE 0 END
        """,
    ),
]


def run(connection: Connection) -> list[CheckResult]:
    """Every check, each in full."""
    with connection.cursor() as cursor:
        return [*(_run(cursor, check) for check in CHECKS), frozen_statements_are_unchanged(cursor)]


def frozen_statements_are_unchanged(cursor: Any) -> CheckResult:
    """Takes the hash again over the lines of each statement that was ever proposed."""
    cursor.execute(
        """
        SELECT statement.id, statement.lines_sha256, statement.party_id, statement.currency, statement.period_start,
               statement.period_end, statement.cut_off_at, transfer.id, transfer.key, transfer.debit_id,
               transfer.credit_id, transfer.amount_minor, transfer.kind, transfer.effective_at, line.amount_minor
        FROM payments_statement statement
        JOIN payments_statementline line ON line.statement_id = statement.id
        JOIN payments_transfer transfer ON transfer.id = line.transfer_id
        WHERE statement.state <> 'open' ORDER BY statement.id, transfer.id
        """
    )
    examined, violations = 0, []
    for (statement_id, sha256, *head), rows in groupby(cursor, itemgetter(slice(7))):
        examined += 1
        found = sha256_of(FrozenHead(*head), (FrozenLine(*row[7:]) for row in rows))
        if found != sha256:
            violations.append(f"statement {statement_id}: hash {found[:12]}, proposed with {sha256[:12]}")
    sentence = "The lines of a proposed statement have the hash they were proposed with."
    return CheckResult("P4", sentence, examined, tuple(violations))


def _run(cursor: Any, check: Check) -> CheckResult:
    cursor.execute(check.examined)
    (examined,) = cursor.fetchone()
    cursor.execute(check.violations)
    found = [text for (text,) in cursor.fetchall()]
    listed = found[:LONGEST_LIST]
    if len(found) > LONGEST_LIST:
        listed.append(f"… and {len(found) - LONGEST_LIST} more")
    return CheckResult(check.promise, check.sentence, examined, tuple(listed))
