-- What several models say alike.

-- Decimals of mSv stay exact: DuckDB divides in floating point, so quotients are taken in whole microsieverts and rounded
-- half up. NULL where there is nothing to divide by.

create temporary macro exact_quotient(numerator, denominator) as
    cast((2 * cast(numerator as hugeint) + cast(denominator as hugeint)) // (2 * cast(denominator as hugeint)) as bigint);

-- The day that a window of so many months leaves out: a month end goes back to a month end (28/02/2025 to 29/02/2024).
create temporary macro months_before(on_day, months) as
    case
        when on_day = last_day(on_day) then last_day(on_day - to_months(months))
        else cast(on_day - to_months(months) as date)
    end;

-- Mean of a sum in mSv over a count, in mSv.
create temporary macro mean_msv(total_msv, number) as
    case
        when number > 0 then cast(exact_quotient(total_msv * 1000, number) * 0.001::decimal(4, 3) as decimal(12, 3))
    end;

-- Share of a whole, to six decimals; both counts, or both mSv.
create temporary macro share_of(part, whole) as
    case
        when whole > 0 then cast(
            exact_quotient(cast(part * 1000 as hugeint) * 1000000, cast(whole * 1000 as hugeint))
            * 0.000001::decimal(7, 6) as decimal(12, 6)
        )
    end;

-- Share of persons, where there are as many as may be told of; in hundredths, since more digits would tell how many.
create temporary macro share_of_persons(part, persons, fewest) as
    case when persons >= fewest then cast(exact_quotient(part * 100, persons) * 0.01::decimal(3, 2) as decimal(12, 2)) end;

-- Whether a dose is of the class above one bound, up to and with another; NULL bounds nothing.
create temporary macro is_in_class(dose_msv, above_msv, up_to_msv) as
    dose_msv > coalesce(above_msv, -1) and dose_msv <= coalesce(up_to_msv, 999999999);

-- Sum of the squares of doses, in µSv²: whole numbers, whatever order they are added in.
create temporary macro sum_of_squares(doses_msv) as
    sum(cast(doses_msv * 1000 as hugeint) * cast(doses_msv * 1000 as hugeint));

-- Quantile of a gamma distribution of a mean and variance, in the unit of the mean.
create temporary macro gamma_of(mean, variance, probability) as
    case
        when variance = 0 then mean
        else variance / mean * gamma_quantile(mean * mean / nullif(variance, 0), probability)
    end;

-- Share of the highest dose in the root of the sum of squares: how near that root comes to it.
create temporary macro share_of_squares(highest_msv, squares_usv2) as
    case when squares_usv2 > 0 then cast(cast(highest_msv * 1000 as double) / sqrt(squares_usv2) as decimal(12, 6)) end;

-- Between two neighbours in rank, `hundredths` of the way from the lower, in mSv.
create temporary macro between_ranks(lower_msv, upper_msv, hundredths) as
    cast(
        exact_quotient(
            cast(lower_msv * 1000 as hugeint) * (100 - hundredths) + cast(upper_msv * 1000 as hugeint) * hundredths, 100
        ) * 0.001::decimal(4, 3) as decimal(12, 3)
    );

-- Percentile of a list of mSv: linear between order statistics, as quantile_cont and R's type 7.
create temporary macro percentile_in_order(ordered, percent) as
    between_ranks(
        ordered[(len(ordered) - 1) * percent // 100 + 1],
        ordered[least((len(ordered) - 1) * percent // 100 + 2, len(ordered))],
        (len(ordered) - 1) * percent % 100
    );

create temporary macro percentile_msv(doses, percent) as percentile_in_order(list_sort(doses), percent);

-- Whole picosieverts, positive or negative, in mSv.
create temporary macro psv_in_msv(psv) as
    cast(sign(psv) * exact_quotient(abs(psv), 1000000) * 0.001::decimal(4, 3) as decimal(18, 3));

-- Dose of the badges worn together at one location, from the highest of each radiation, of all and their sum. Badges read
-- the same exposure: of one radiation the highest counts. Intakes, radon and flights are separate: summed.
create temporary macro worn_together(component, photon_msv, beta_msv, mixed_msv, highest_msv, total_msv) as
    case component
        when 'non_neutron' then greatest(coalesce(photon_msv, 0) + coalesce(beta_msv, 0), coalesce(mixed_msv, 0))
        when 'neutron' then highest_msv
        else total_msv
    end;

-- What the effective dose of an emergency may be made of: badges over an apron or at the abdomen never count, and
-- electronic readings are a second reading of the same exposure.
create temporary macro counts_in_emergency(dosimetry, quantity, badge_position, body_location) as
    dosimetry in ('PASSIVE', 'INTERNAL', 'EMERGENCY', 'EMERGENCY_INTERNAL')
    and quantity in ('HP10', 'E', 'E50')
    and badge_position is distinct from 'OVER_APRON'
    and body_location is distinct from 'ABDOMEN';
