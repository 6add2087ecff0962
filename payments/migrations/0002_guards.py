"""What the database itself holds about money, whatever the code above it does.

A refusal is raised as an integrity error (23001). Triggers named *_no_truncate are the only ones that the test database's
owner switches off, because Django empties tables between tests by TRUNCATE.
"""

from django.db import migrations

REFUSE = """
CREATE FUNCTION payments_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: a mistake is answered by another row', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
"""

# A transfer can only join two accounts of its own currency and network, so that books balance per currency by construction.
TRANSFER_FITS_ITS_ACCOUNTS = """
ALTER TABLE payments_transfer
    ADD CONSTRAINT transfer_fits_its_debit_account FOREIGN KEY (debit_id, currency, network_id)
        REFERENCES payments_ledgeraccount (id, currency, network_id),
    ADD CONSTRAINT transfer_fits_its_credit_account FOREIGN KEY (credit_id, currency, network_id)
        REFERENCES payments_ledgeraccount (id, currency, network_id);
"""

TRANSFERS_ARE_FOREVER = """
CREATE TRIGGER payments_transfer_forever BEFORE UPDATE OR DELETE ON payments_transfer
    FOR EACH ROW EXECUTE FUNCTION payments_refuse();
CREATE TRIGGER payments_transfer_no_truncate BEFORE TRUNCATE ON payments_transfer
    FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse();
CREATE TRIGGER payments_ledgeraccount_forever BEFORE UPDATE ON payments_ledgeraccount
    FOR EACH ROW EXECUTE FUNCTION payments_refuse();
"""

# Nobody chooses when a row was written; and a hold is resolved between its own accounts, for no more than it held.
TRANSFER_ON_INSERT = """
CREATE FUNCTION payments_transfer_enters() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE hold payments_transfer;
BEGIN
    NEW.created_at := clock_timestamp();
    IF NEW.pending_id IS NOT NULL THEN
        SELECT * INTO hold FROM payments_transfer WHERE id = NEW.pending_id;
        IF hold.stage <> 'pending' OR hold.debit_id <> NEW.debit_id OR hold.credit_id <> NEW.credit_id
           OR (NEW.stage = 'post' AND NEW.amount_minor > hold.amount_minor)
           OR (NEW.stage = 'void' AND NEW.amount_minor <> hold.amount_minor) THEN
            RAISE EXCEPTION 'transfer % does not resolve the hold %', NEW.key, hold.key
                USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_transfer_enters BEFORE INSERT ON payments_transfer
    FOR EACH ROW EXECUTE FUNCTION payments_transfer_enters();
"""

# Wallets and fleets: the balance is kept here, so that no code can post without the limit being looked at.
LIMITS_FOLLOW_TRANSFERS = """
CREATE FUNCTION payments_open_limit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO payments_accountlimit (account_id, credit_limit_minor, balance_minor, held_minor)
        VALUES (NEW.id, 0, 0, 0);
    RETURN NULL;
END $$;
CREATE TRIGGER payments_open_limit AFTER INSERT ON payments_ledgeraccount
    FOR EACH ROW WHEN (NEW.kind IN ('wallet', 'receivable')) EXECUTE FUNCTION payments_open_limit();

CREATE FUNCTION payments_keep_limits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moved bigint := CASE WHEN NEW.stage IN ('single', 'post') THEN NEW.amount_minor ELSE 0 END;
    held bigint := CASE WHEN NEW.stage = 'pending' THEN NEW.amount_minor ELSE 0 END;
BEGIN
    IF NEW.pending_id IS NOT NULL THEN
        SELECT -amount_minor INTO held FROM payments_transfer WHERE id = NEW.pending_id;
    END IF;
    UPDATE payments_accountlimit SET balance_minor = balance_minor - moved, held_minor = held_minor + held
        WHERE account_id = NEW.debit_id;
    IF moved > 0 THEN
        UPDATE payments_accountlimit SET balance_minor = balance_minor + moved WHERE account_id = NEW.credit_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER payments_keep_limits AFTER INSERT ON payments_transfer
    FOR EACH ROW EXECUTE FUNCTION payments_keep_limits();
"""

# FOR SHARE waits for a proposal under way, so that no line slips in behind the hash.
STATEMENTS_FREEZE = """
CREATE FUNCTION payments_line_needs_open_statement() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE found text;
BEGIN
    SELECT state INTO found FROM payments_statement
        WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.statement_id ELSE NEW.statement_id END FOR SHARE;
    IF found <> 'open' OR TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION '% of a line is refused: the statement is %', TG_OP, found USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER payments_statementline_frozen BEFORE INSERT OR UPDATE OR DELETE ON payments_statementline
    FOR EACH ROW EXECUTE FUNCTION payments_line_needs_open_statement();
CREATE TRIGGER payments_statementline_no_truncate BEFORE TRUNCATE ON payments_statementline
    FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse();

CREATE FUNCTION payments_statement_keeps_its_figures() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE total bigint; lines bigint;
BEGIN
    IF OLD.state = 'open' AND NEW.state = 'proposed' THEN
        SELECT coalesce(sum(amount_minor), 0), count(*) INTO total, lines
            FROM payments_statementline WHERE statement_id = NEW.id;
        IF NEW.total_minor <> total OR NEW.line_count <> lines THEN
            RAISE EXCEPTION 'statement % proposes %, its lines sum to %', NEW.id, NEW.total_minor, total
                USING ERRCODE = 'restrict_violation';
        END IF;
    ELSIF OLD.state <> 'open' AND (
        NEW.state = 'open'
        OR (NEW.network_id, NEW.party_id, NEW.currency, NEW.period_start, NEW.period_end, NEW.time_zone, NEW.cut_off_at,
            NEW.total_minor, NEW.line_count, NEW.lines_sha256, NEW.proposed_by_id, NEW.proposed_at)
        IS DISTINCT FROM
           (OLD.network_id, OLD.party_id, OLD.currency, OLD.period_start, OLD.period_end, OLD.time_zone, OLD.cut_off_at,
            OLD.total_minor, OLD.line_count, OLD.lines_sha256, OLD.proposed_by_id, OLD.proposed_at)
    ) THEN
        RAISE EXCEPTION 'statement % is frozen', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_statement_keeps_its_figures BEFORE UPDATE ON payments_statement
    FOR EACH ROW EXECUTE FUNCTION payments_statement_keeps_its_figures();
CREATE TRIGGER payments_statement_forever BEFORE DELETE ON payments_statement
    FOR EACH ROW WHEN (OLD.state <> 'open') EXECUTE FUNCTION payments_refuse();
"""

# Two contracts for one swap would make its split a matter of luck. The advisory lock makes the look and the insert one.
CONTRACTS = """
CREATE FUNCTION payments_contracts_do_not_overlap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (to_jsonb(NEW) - 'valid_until') <> (to_jsonb(OLD) - 'valid_until') THEN
        RAISE EXCEPTION 'contract % is agreed: only its end may be set', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('payments_contract', NEW.station_owner_id));
    IF EXISTS (
        SELECT 1 FROM payments_contract other
        WHERE other.id <> NEW.id AND other.network_id = NEW.network_id
          AND other.station_owner_id = NEW.station_owner_id
          AND other.pack_owner_id IS NOT DISTINCT FROM NEW.pack_owner_id
          AND tstzrange(other.valid_from, other.valid_until) && tstzrange(NEW.valid_from, NEW.valid_until)
    ) THEN
        RAISE EXCEPTION 'contracts of one station owner and pack owner may not overlap'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_contracts_do_not_overlap BEFORE INSERT OR UPDATE ON payments_contract
    FOR EACH ROW EXECUTE FUNCTION payments_contracts_do_not_overlap();
CREATE TRIGGER payments_contract_forever BEFORE DELETE ON payments_contract
    FOR EACH ROW EXECUTE FUNCTION payments_refuse();
"""

# What was sold stays as it was; only that it has been paid and split is added, once.
SALES = """
CREATE FUNCTION payments_sale_is_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (to_jsonb(NEW) - ARRAY['paid_at', 'split_at', 'split_by_id']) <> (to_jsonb(OLD) - ARRAY['paid_at', 'split_at', 'split_by_id'])
       OR (OLD.paid_at IS NOT NULL AND NEW.paid_at IS DISTINCT FROM OLD.paid_at)
       OR (OLD.split_at IS NOT NULL AND (NEW.split_at, NEW.split_by_id) IS DISTINCT FROM (OLD.split_at, OLD.split_by_id)) THEN
        RAISE EXCEPTION 'sale % is history', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_sale_is_history BEFORE UPDATE ON payments_sale
    FOR EACH ROW EXECUTE FUNCTION payments_sale_is_history();
CREATE TRIGGER payments_sale_forever BEFORE DELETE ON payments_sale
    FOR EACH ROW EXECUTE FUNCTION payments_refuse();

CREATE FUNCTION payments_part_is_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (to_jsonb(NEW) - 'contract_id') <> (to_jsonb(OLD) - 'contract_id')
       OR (OLD.contract_id IS NOT NULL AND NEW.contract_id IS DISTINCT FROM OLD.contract_id) THEN
        RAISE EXCEPTION 'part % of sale % is history', OLD.index, OLD.sale_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_salepart_is_history BEFORE UPDATE ON payments_salepart
    FOR EACH ROW EXECUTE FUNCTION payments_part_is_history();
CREATE TRIGGER payments_salepart_forever BEFORE DELETE ON payments_salepart
    FOR EACH ROW EXECUTE FUNCTION payments_refuse();
"""

UNDO = """
ALTER TABLE payments_transfer
    DROP CONSTRAINT transfer_fits_its_debit_account, DROP CONSTRAINT transfer_fits_its_credit_account;
DROP FUNCTION payments_refuse, payments_transfer_enters, payments_open_limit, payments_keep_limits,
    payments_line_needs_open_statement, payments_statement_keeps_its_figures, payments_contracts_do_not_overlap,
    payments_sale_is_history, payments_part_is_history CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]

    operations = [
        migrations.RunSQL(
            sql=[
                REFUSE,
                TRANSFER_FITS_ITS_ACCOUNTS,
                TRANSFERS_ARE_FOREVER,
                TRANSFER_ON_INSERT,
                LIMITS_FOLLOW_TRANSFERS,
                STATEMENTS_FREEZE,
                CONTRACTS,
                SALES,
            ],
            reverse_sql=UNDO,
        )
    ]
