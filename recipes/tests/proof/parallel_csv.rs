use std::io::{self, Read};

use csv::Reader;
use rayon::ThreadPoolBuilder;

#[path = "../../src/bin/parallel_csv.rs"]
#[allow(dead_code)]
mod program;
use program::sum_column;

fn error(table: &[u8]) -> String {
    let error = sum_column(table, "amount").expect_err("an error");
    error.to_string()
}

/// The same as `sum_column`, with the `csv` crate alone.
fn one_after_the_other(table: &str) -> f64 {
    let mut reader = Reader::from_reader(table.as_bytes());
    let mut sum = 0.0;
    for row in reader.records() {
        let amount: f64 = row.unwrap()[1].parse().unwrap();
        sum += amount;
    }
    sum
}

#[test]
fn the_sum_is_that_of_the_csv_crate_wherever_the_file_is_cut() {
    let rows = [
        "Lima,1.50,\"of\ntwo lines\"",
        "\"Rio, the city\",-2.25,\"a \"\"quoted\"\" word\"",
        "Oslo,\"1000.75\",a 5\" disk",
        "Quito,3,\"\"",
        "\"a\r\n\r\nb\",0.5,\"\"\"\"",
    ];
    for line_end in ["\n", "\r\n", "\n\n"] {
        let mut table = format!("city,amount,comment{line_end}");
        for number in 0..200_000_usize {
            table.push_str(rows[number * number % 17 % 5]);
            table.push_str(line_end);
        }
        assert_eq!(
            sum_column(table.as_bytes(), "amount").unwrap(),
            one_after_the_other(&table)
        );
        let without_last_line_end = table.trim_end();
        let sum = sum_column(without_last_line_end.as_bytes(), "amount");
        assert_eq!(sum.unwrap(), one_after_the_other(&table));
    }
}

#[test]
fn the_blocks_are_added_in_the_order_of_the_file() {
    // One row is a block. In this order the sum is 1, since 1e16 + 1 is 1e16.
    let comment = "x".repeat(1 << 20);
    let mut table = "amount,comment\n".to_owned();
    for number in 0..40 {
        let amount = ["1e16", "1", "-1e16", "1"][number % 4];
        table.push_str(&format!("{amount},{comment}\n"));
    }
    for threads in [1, 2, 8] {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        let sum = || sum_column(table.as_bytes(), "amount");
        assert_eq!(pool.unwrap().install(sum).unwrap(), 1.0);
    }
}

#[test]
fn a_stray_quote_is_an_error_with_its_line() {
    let unclosed = b"city,amount,comment\nLima,1.50,\"5 inch\nOslo,2.00,ok\nQuito,3.00,ok\n";
    assert_eq!(error(unclosed), "line 2: the quote is not closed");
    // The `csv` crate reads three fields in one row here.
    let two = b"city,amount,comment\nLima,1.50,\"5 inch\nOslo,2.00,\"6 inch\n";
    assert_eq!(error(two), "line 3: text behind a closing quote");
    assert_eq!(error(b"amount\n\"1"), "line 2: the quote is not closed");
    assert_eq!(error(b"\"amount\n1\n"), "line 1: the quote is not closed");
}

#[test]
fn a_quote_that_is_never_closed_ends_even_an_endless_input() {
    let endless = b"amount\n1\n\"".chain(io::repeat(b'\n'));
    let error = sum_column(endless, "amount").unwrap_err();
    assert_eq!(error.to_string(), "line 3: the quote is not closed");
}

#[test]
fn a_broken_row_is_an_error_with_its_line() {
    let not_a_number = b"\xef\xbb\xbfamount,b\r\n\r\n\"1\",\"\r\n\"\r\n\r\nx,\r\n1,\r\n";
    assert_eq!(error(not_a_number), "line 6: \"x\" is not a number");
    assert_eq!(error(b"amount,b\n1,2\n3\n"), "line 3: 1 fields and not 2");
    assert_eq!(
        error(b"amount,b\n1,2\n3,4,5\n"),
        "line 3: 3 fields and not 2"
    );
    assert_eq!(error(b"amount,b\n,2\n"), "line 2: \"\" is not a number");

    let mut large = "amount\n".to_owned();
    for _ in 0..1_000_000 {
        large.push_str("1.25\n");
    }
    large.push_str("1.2.5\n");
    assert_eq!(
        error(large.as_bytes()),
        "line 1000002: \"1.2.5\" is not a number"
    );
}

#[test]
fn there_must_be_one_column_of_that_name() {
    assert_eq!(
        error(b"city,amount,amount\n"),
        "there are 2 columns \"amount\""
    );
    assert_eq!(error(b"city,Amount\n"), "there are 0 columns \"amount\"");
    assert_eq!(error(b""), "the file is empty");
    let sum = sum_column("amount\n".as_bytes(), "amount").unwrap();
    assert_eq!(sum.to_string(), "0");
}

#[test]
fn other_columns_need_not_be_utf_8() {
    let table = b"city,amount\nS\xe3o Paulo, 1.5 \n";
    assert_eq!(sum_column(table.as_slice(), "amount").unwrap(), 1.5);
}
