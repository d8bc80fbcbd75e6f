"""One language, spoken: lines into sentences, said, fitted into the picture's time, laid on a stem."""
