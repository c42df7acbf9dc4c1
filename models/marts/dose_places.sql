-- A place is what its establishment's list said of it at the end of the year.
select
    placed.worker_key, placed.year, placed.establishment_key, placed.place_key, placed.basis, placed.dose_msv,
    placed.is_monitored,
    case
        when place.establishment_key is null then 'UNKNOWN_SITE'
        when place.is_inb then 'NUCLEAR_SITE'
        else 'OTHER_SITE'
    end as site,
    case
        when placed.place_key = placed.establishment_key or left(place.siret, 9) = left(employer.siret, 9) then 'OWN'
        else 'CONTRACTOR'
    end as relation
from placed_doses as placed
left join establishment_lines as place
    on place.establishment_key = placed.place_key
    and make_date(placed.year, 12, 31) between place.holds_from and place.holds_to
left join establishment_lines as employer
    on employer.establishment_key = placed.establishment_key
    and make_date(placed.year, 12, 31) between employer.holds_from and employer.holds_to
order by placed.worker_key, placed.year, placed.establishment_key, placed.place_key, placed.basis
