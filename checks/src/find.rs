//! Searches the headers.

use crate::example::Example;

/// The examples whose header has the words side by side, or, where none has, all of them
/// somewhere. Case, line breaks and backticks do not matter. Best first: the name, then the
/// first line, then the rest.
pub fn find<'a>(examples: &'a [Example], words: &str) -> Vec<&'a Example> {
    let wanted = plain(words);
    let by_rank = |has: &dyn Fn(&str) -> bool| {
        let mut found: Vec<_> = (examples.iter())
            .filter_map(|example| {
                let texts = [
                    plain(&example.name.replace('_', " ")),
                    plain(example.first_line()),
                    plain(&format!("{} {}", example.name, example.header().join(" "))),
                ];
                texts
                    .iter()
                    .position(|text| has(text))
                    .map(|rank| (rank, example))
            })
            .collect();
        found.sort_by_key(|(rank, _)| *rank);
        found
            .into_iter()
            .map(|(_, example)| example)
            .collect::<Vec<_>>()
    };
    let side_by_side = by_rank(&|text| text.contains(&wanted));
    if !side_by_side.is_empty() {
        return side_by_side;
    }
    by_rank(&|text| wanted.split(' ').all(|word| text.contains(word)))
}

fn plain(text: &str) -> String {
    let text = text.replace('`', "").to_lowercase();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
